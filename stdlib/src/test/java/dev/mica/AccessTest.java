package dev.mica;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mica.access.Caller;
import dev.mica.access.Door;
import dev.mica.access.Role;
import dev.mica.commit.Commit;
import dev.mica.container.ExecSpec;
import dev.mica.container.Vm;
import dev.mica.container.VmSpec;
import dev.mica.failure.MicaException;
import dev.mica.folder.Folder;
import dev.mica.helper.HelperVm;
import dev.mica.session.Seat;
import dev.mica.test.Scratch;
import dev.mica.test.ScratchTest;
import dev.mica.union.Union;
import dev.mica.union.UnionSpec;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.FieldSource;

/** What a caller may do, and where their words lead. */
final class AccessTest extends ScratchTest {
  /**
   * What changes something.
   *
   * @param member as the help calls it
   * @param doing as the refusal says it
   */
  record Change(String member, String doing, Consumer<AccessTest> action) {
    /** Of users, of the audit, of sessions, and of the jobs of a process all is for admins. */
    String least() {
      return Stream.of("Users.", "Audit.", "Jobs.", "Session").anyMatch(member::startsWith)
          ? "admin"
          : "operator";
    }

    @Override
    public String toString() {
      return member + ": " + doing;
    }
  }

  static final List<Change> CHANGES =
      List.of(
          new Change(
              "Unions.create()",
              "create the union new",
              test -> test.viewer.unions().create(test.spec())),
          new Change(
              "Unions.removeAll()", "remove all unions", test -> test.viewer.unions().removeAll()),
          new Change("Union.remove()", "remove the union u", test -> test.seen().remove()),
          new Change("Union.remount()", "remount the union u", test -> test.seen().remount()),
          new Change(
              "Commits.create()",
              "commit new:v1 from the union u",
              test -> test.viewer.commits().create(test.seen(), "new:v1", "")),
          new Change(
              "Commits.pull()", "pull debian:12", test -> test.viewer.commits().pull("debian:12")),
          new Change(
              "Commits.receive()",
              "receive x:1",
              test ->
                  test.viewer
                      .commits()
                      .receive(
                          "x:1", InputStream.nullInputStream(), OutputStream.nullOutputStream())),
          new Change(
              "Commit.push()",
              "push the commit to localhost:1/x",
              test -> test.kept().push("localhost:1/x")),
          new Change("Commit.tag()", "name the commit", test -> test.kept().tag("x:1")),
          new Change("Commit.remove()", "remove the commit", test -> test.kept().remove()),
          new Change("Commit.mount()", "create the union m", test -> test.kept().mount("m")),
          new Change(
              "Commits.remove()",
              "remove the commit",
              test -> test.viewer.commits().remove(test.kept().refs().getFirst())),
          new Change(
              "Commits.removeAll()",
              "remove all commits",
              test -> test.viewer.commits().removeAll()),
          new Change(
              "Commit.save()", "save the commit to x.tar", test -> test.kept().save("x.tar")),
          new Change("Commits.load()", "load x.tar", test -> test.viewer.commits().load("x.tar")),
          new Change(
              "Commits.importFolder()",
              "import lower",
              test -> test.viewer.commits().importFolder("lower", "x:y")),
          new Change("Commits.gc()", "collect garbage", test -> test.viewer.commits().gc()),
          new Change("Vm.start()", "start the VM box", test -> test.box().start()),
          new Change("Vm.startAttached()", "start the VM box", test -> test.box().startAttached()),
          new Change("Vm.attach()", "attach to the VM box", test -> test.box().attach()),
          new Change("Vm.commit()", "commit the VM box", test -> test.box().commit("box:v1")),
          new Change("Vm.diff()", "diff the VM box", test -> test.box().diff()),
          new Change("Vm.fork()", "fork the VM box", test -> test.box().fork("box2")),
          new Change("Vm.stop()", "stop the VM box", test -> test.box().stop()),
          new Change("Vm.kill()", "kill the VM box", test -> test.box().kill()),
          new Change("Vm.kill()", "send a signal to the VM box", test -> test.box().kill("SIGHUP")),
          new Change("Vm.pause()", "pause the VM box", test -> test.box().pause()),
          new Change("Vm.resume()", "resume the VM box", test -> test.box().resume()),
          new Change("Vm.restart()", "restart the VM box", test -> test.box().restart()),
          new Change("Vm.exec()", "run a program in the VM box", test -> test.box().exec("true")),
          new Change(
              "Vm.open()",
              "run a program in the VM box",
              test -> test.box().open(new ExecSpec(List.of("true"), Map.of(), false, false))),
          new Change(
              "Vm.console()", "attach to the console of box", test -> test.box().console().close()),
          new Change(
              "Vm.copyOut()",
              "copy from the VM box",
              test -> test.box().copyOut("/x", test.viewer.folder("lower"))),
          new Change(
              "Vm.copyIn()",
              "copy to the VM box",
              test -> test.box().copyIn(test.viewer.folder("lower"), "/x")),
          new Change("Vm.send()", "copy from the VM box", test -> test.box().send("/x")),
          new Change("Vm.receive()", "copy to the VM box", test -> test.box().receive("/x")),
          new Change("Vm.remove()", "remove the VM box", test -> test.box().remove()),
          new Change(
              "Vms.create()",
              "create the VM new",
              test -> test.viewer.vms().create(test.boxSpec("new"))),
          new Change("HelperVm.start()", "start the helper VM", test -> test.helper().start()),
          new Change("HelperVm.stop()", "stop the helper VM", test -> test.helper().stop()),
          new Change("HelperVm.kill()", "kill the helper VM", test -> test.helper().kill()),
          new Change(
              "HelperVm.console()",
              "attach to the helper VM's console",
              test -> test.helper().console().close()),
          new Change(
              "Host.settle()", "settle 1-0000", test -> test.viewer.host().settle("1-0000", true)),
          new Change(
              "Users.add()",
              "add the user new",
              test -> test.viewer.users().add("new", Role.ADMIN, "lower/file", List.of())),
          new Change("Users.list()", "look at all users", test -> test.viewer.users().list()),
          new Change("Users.damaged()", "look at all users", test -> test.viewer.users().damaged()),
          new Change("Users.find()", "look at the user x", test -> test.viewer.users().find("x")),
          new Change("Users.get()", "look at the user x", test -> test.viewer.users().get("x")),
          new Change(
              "Users.remove()", "remove the user x", test -> test.viewer.users().remove("x")),
          new Change(
              "Users.serverFolder()",
              "use the folder of the server",
              test -> test.viewer.users().serverFolder()),
          new Change(
              "Users.removeAll()", "remove all users", test -> test.viewer.users().removeAll()),
          new Change("Audit.list()", "look at the audit", test -> test.viewer.audit().list()),
          new Change("Audit.damaged()", "look at the audit", test -> test.viewer.audit().damaged()),
          new Change("Audit.verify()", "look at the audit", test -> test.viewer.audit().verify()),
          new Change("Audit.verify()", "look at the audit", test -> test.viewer.audit().verify("")),
          new Change(
              "Audit.attempt()",
              "write into the audit",
              test -> test.viewer.audit().attempt("x", "", Door.local(), "x")),
          new Change(
              "Jobs.takeUp()", "take up all jobs", test -> test.viewer.jobs().takeUp(one -> null)),
          new Change("Jobs.leave()", "leave all jobs", test -> test.viewer.jobs().leave(0)),
          new Change(
              "Sessions.message()",
              "send a message to all sessions",
              test -> test.viewer.sessions().message("x")),
          new Change(
              "Sessions.serve()", "serve sessions", test -> test.viewer.sessions().serve(true)),
          new Change(
              "Sessions.enter()",
              "serve sessions",
              test -> test.viewer.sessions().enter(new Seat(test.viewer.caller()))),
          new Change(
              "Sessions.leave()",
              "serve sessions",
              test -> test.viewer.sessions().leave(new Seat(test.viewer.caller()), 0)),
          new Change(
              "Sessions.recordings()",
              "look at the recordings of sessions",
              test -> test.viewer.sessions().recordings()),
          new Change(
              "Session.message()",
              "send a message to the session 1 of ann",
              test -> test.viewer.sessions().get("1").message("x")),
          new Change("Folder.write()", "write", test -> test.viewer.folder("file").write("")),
          new Change("Folder.write()", "write", test -> test.seen().at().resolve("file").write("")),
          new Change(
              "Folder.write()",
              "write",
              test -> test.seen().upper().orElseThrow().resolve("x").write("")),
          new Change(
              "Folder.create()", "make the directory", test -> test.viewer.folder("new").create()),
          new Change("Folder.delete()", "remove", test -> test.viewer.folder("lower").delete()),
          new Change(
              "Folder.copyTo()",
              "copy",
              test -> test.viewer.folder("lower").copyTo(test.viewer.folder("copy"))),
          new Change(
              "Folder.copyTo()",
              "copy",
              test -> test.archive().copyTo(test.viewer.folder("copy"))));

  /** Groovy's other words for one of these, and what only one of these leads to. */
  private static final Set<String> FOLLOW =
      Set.of(
          "Folder.setText()",
          "Union.commit()",
          "User.name",
          "User.role",
          "User.keys",
          "User.roots",
          "User.added",
          "User.recorded",
          "User.remove()",
          "UserKey.type",
          "UserKey.fingerprint",
          "UserKey.comment",
          "UserKey.options",
          "UserKey.base64()",
          "UserKey.command()",
          "UserKey.allowsTerminal()",
          "UserKey.isAuthority()",
          "UserKey.refusal()",
          "Users.getAt()",
          "Users.iterator()",
          "Recording.file",
          "Recording.user",
          "Recording.began",
          "Recording.size",
          "Audit.iterator()",
          "AuditLine.number",
          "AuditLine.time",
          "AuditLine.user",
          "AuditLine.role",
          "AuditLine.door",
          "AuditLine.from",
          "AuditLine.key",
          "AuditLine.command",
          "AuditLine.what",
          "AuditLine.outcome",
          "AuditLine.why",
          "AuditLine.previous",
          "AuditLine.hash",
          "AuditVerified.intact",
          "AuditVerified.first",
          "AuditVerified.last",
          "AuditVerified.hash",
          "AuditVerified.problem",
          "Attachable.stream",
          "ProcessStream.token()",
          "ProcessStream.run()",
          "ProcessStream.input()",
          "ProcessStream.endInput()",
          "ProcessStream.resize()",
          "ProcessStream.signal()",
          "ProcessStream.begin()",
          "ProcessStream.requireAll()",
          "ProcessStream.close()",
          "Console.input",
          "Console.output",
          "Console.close()");

  private Mica viewer = mica;
  private Commit commit;

  @BeforeEach
  void make() {
    scratch.file("lower/file", "lower");
    Union union = union("u", scratch.path("lower"), scratch.path("up"), scratch.path("at"));
    scratch.file("at/new", "new");
    commit = mica.commits().create(union, "web:v1", "");
    viewer = mica.as(caller(Role.VIEWER));
    mica.sessions().serve(true);
    mica.sessions().enter(new Seat(viewer.caller()));
    Vm _ = mica.vms().create(boxSpec("box"));
    Scratch.run("tar", "-C", scratch.path("lower").toString(), "-cf", tar(), ".");
  }

  private Caller caller(Role role) {
    return Caller.of("ann", role, scratch.path(""), Map.of("HOME", home()));
  }

  private String tar() {
    return scratch.path("a.tar").toString();
  }

  private Folder archive() {
    return viewer.folder("tar:a.tar");
  }

  private Union seen() {
    return viewer.unions().get("u");
  }

  private Commit kept() {
    return viewer.commits().get("web:v1");
  }

  private Vm box() {
    return viewer.vms().get("box");
  }

  private VmSpec boxSpec(String name) {
    return VmSpec.of(name, viewer.folder("lower"), List.of("true"));
  }

  private HelperVm helper() {
    return viewer.host().helper();
  }

  private UnionSpec spec() {
    return new UnionSpec(
        "new",
        List.of(viewer.folder("lower")),
        viewer.folder("new-up"),
        null,
        viewer.folder("new-at"),
        UnionSpec.Via.AUTO);
  }

  /** What the help says is not for viewers is what they are refused. */
  @Test
  void everyMemberThatWantsMoreThanAViewerIsTried() {
    assertThat(
            Schemas.OBJECTS.descriptors().stream()
                .flatMap(type ->
                    type.members().stream()
                        .filter(member -> member.role() != Role.VIEWER)
                        .map(member -> type.title().apply(member)))
                .filter(member -> !FOLLOW.contains(member)))
        .containsExactlyInAnyOrderElementsOf(
            CHANGES.stream().map(Change::member).distinct().toList());
  }

  @ParameterizedTest
  @FieldSource("CHANGES")
  void aViewerChangesNothing(Change change) {
    String before = state();
    assertThatThrownBy(() -> change.action().accept(this))
        .isInstanceOfSatisfying(
            MicaException.class,
            denied -> assertThat(denied.kind()).isEqualTo(MicaException.Kind.DENIED))
        .hasMessageContaining("cannot " + change.doing())
        .hasMessageContaining("ann is a viewer, and that is for an " + change.least());
    assertThat(state()).isEqualTo(before);
    assertThat(mica.audit().list())
        .last()
        .matches(line -> line.user().equals("ann") && line.outcome().equals("refused"));
    assertThat(mica.audit().list()).filteredOn(line -> line.user().equals("ann")).hasSize(1);
  }

  @ParameterizedTest
  @FieldSource("CHANGES")
  void usersAreForAdmins(Change change) {
    if (change.least().equals("admin")) {
      viewer = mica.as(caller(Role.OPERATOR));
      assertThatThrownBy(() -> change.action().accept(this))
          .hasMessageContaining("ann is an operator, and that is for an admin");
    }
  }

  /** Each word that leads outside of ann's roots, of a viewer and of an operator. */
  @ParameterizedTest
  @EnumSource(
      value = Role.class,
      names = {"VIEWER", "OPERATOR"})
  void wordsStayInTheRoots(Role role) throws IOException {
    Path in = scratch.path("lower");
    Files.createSymbolicLink(in.resolve("out"), scratch.path("up"));
    Files.createSymbolicLink(in.resolve("dangling"), scratch.path("not-yet"));
    Files.createSymbolicLink(in.resolve("inside"), in.resolve("file"));
    Map<String, String> environment = Map.of("HOME", in.toString());
    Mica bounded = mica.as(Caller.of("ann", role, in, environment, List.of(in)));
    for (String word : List.of("file", "./new/deep", "~/file", "inside", in + "/../lower/file")) {
      assertThat(bounded.folder(word).location()).startsWith(in.toString());
    }
    for (String word :
        List.of(
            "..",
            "/etc",
            "out",
            "out/x",
            "dangling",
            "dangling/x",
            "~/../up",
            "~root",
            in + "2",
            "file:/etc",
            "tar:/etc/x.tar",
            "tar:out/x.tar")) {
      assertThatThrownBy(() -> bounded.folder(word))
          .as(word)
          .isInstanceOfSatisfying(
              MicaException.class,
              denied -> assertThat(denied.kind()).isEqualTo(MicaException.Kind.DENIED));
    }
    assertThatThrownBy(() -> bounded.folder("../up"))
        .hasMessage(
            "cannot use %s: ann may only use what is in %s; ask an admin", scratch.path("up"), in);
    Mica none = mica.as(Caller.of("ann", role, in, environment, List.of()));
    assertThatThrownBy(() -> none.folder("file"))
        .hasMessageContaining("ann may use no folder of this host");
    assertThat(mica.as(Caller.of("ann", Role.ADMIN, in, environment, List.of())).folder("/etc"))
        .isNotNull();
  }

  private String home() {
    return scratch.path("home").toString();
  }

  /** All that is there but what Mica keeps for itself, where locks come and go. */
  private String state() {
    scratch.awaitDigests();
    return Scratch.run(
        "find", scratch.path("").toString(), "-path", home() + "/*", "-prune", "-o", "-ls");
  }

  @Test
  void aViewerSeesAll() {
    assertThat(seen().state()).isEqualTo(Union.State.MOUNTED);
    assertThat(seen().diff().isEmpty()).isTrue();
    assertThat(seen().at().resolve("new").text()).isEqualTo("new");
    assertThat(viewer.commits().list()).extracting(Commit::id).containsExactly(commit.id());
    assertThat(viewer.commits().get("web:v1").diff().isEmpty()).isFalse();
    assertThat(viewer.folder("lower").list()).hasSize(1);
    assertThat(archive().list()).hasSize(1);
    assertThat(viewer.host().helper().state()).isNotNull();
  }

  @Test
  void anOperatorChangesWhatAViewerSees() {
    Mica operator = mica.as(caller(Role.OPERATOR));
    operator.folder("more/file").write("text");
    operator.commits().get("web:v1").mount("m").remove();
    operator.unions().get("u").remove();
    operator.commits().get("web:v1").remove();
    assertThat(viewer.unions().list()).isEmpty();
    assertThat(viewer.commits().list()).isEmpty();
    assertThat(viewer.folder("more/file").text()).isEqualTo("text");
  }

  @Test
  void onlyAnAdminSpeaksForOthers() {
    for (Role role : List.of(Role.VIEWER, Role.OPERATOR)) {
      assertThatThrownBy(() -> mica.as(caller(role)).as(caller(Role.ADMIN)))
          .hasMessageContaining("cannot speak for ann");
    }
    assertThat(mica.as(caller(Role.ADMIN)).as(caller(Role.VIEWER)).caller().role())
        .isEqualTo(Role.VIEWER);
  }

  @Test
  void wordsAreTheCallersOwn() {
    Stream.of("lower", "./lower", "~/../lower", "file:lower")
        .forEach(words ->
            assertThat(viewer.folder(words).path()).as(words).isEqualTo(scratch.path("lower")));
    assertThat(viewer.folder("tar:a.tar").location()).isEqualTo("tar:" + tar() + "!/");
    assertThat(viewer.folder("/etc").path()).hasToString("/etc");
    assertThat(mica.folder("lower").path()).isNotEqualTo(scratch.path("lower"));
    assertThatThrownBy(
            () -> Caller.of("ann", Role.VIEWER, scratch.path("").getFileName(), Map.of()))
        .hasMessageContaining("it is not absolute");
  }
}
