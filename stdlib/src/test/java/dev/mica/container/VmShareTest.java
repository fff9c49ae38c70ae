package dev.mica.container;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mica.access.Caller;
import dev.mica.failure.MicaException;
import dev.mica.folder.Folder;
import dev.mica.state.StateDir;
import dev.mica.test.NeedsRoot;
import dev.mica.test.Scratch;
import dev.mica.union.Union;
import dev.mica.union.UnionSpec;
import dev.mica.union.Unions;
import dev.mica.vm.Machine;
import dev.mica.vm.agent.Agent;
import dev.mica.vm.process.Poll;
import dev.mica.vm.share.Share;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Folders of this host in real containers. */
@NeedsRoot
@Timeout(300)
final class VmShareTest {
  /** What takes longer hangs. */
  private static final Duration SOON = Duration.ofMinutes(1);

  private static Scratch scratch;
  private static Vms vms;
  private static Folder base;

  private static Path above;
  private static Path shared;
  private static Path other;

  @BeforeAll
  static void make() throws IOException {
    scratch = new Scratch();
    vms = TestVms.of(StateDir.at(scratch.path("home")).waiting(Duration.ofMinutes(3)));
    TestRoot root = TestRoot.busybox(scratch.dir("base")).withLab();
    Files.createSymbolicLink(root.path().resolve("link"), Path.of("/../../run/./inside"));
    Files.createDirectories(root.path().resolve("run/inside/there"));
    Files.createSymbolicLink(root.path().resolve("nowhere"), Path.of("/none"));
    Files.writeString(root.path().resolve("file"), "");
    base = folder(root.path());
    above = scratch.path("above");
    shared = above.resolve("shared");
    other = scratch.path("other");
  }

  @BeforeEach
  void makeFolders() throws IOException {
    Files.createDirectories(shared);
    Files.createDirectory(other);
    Files.writeString(above.resolve("secret"), "of this host\n");
  }

  @AfterEach
  void nothingIsLeft() throws IOException {
    for (Vm vm : vms.list()) {
      vm.kill();
      vm.remove();
    }
    Scratch.run("rm", "-rf", above.toString(), other.toString());
    try (Stream<Path> left = Files.list(scratch.dir("home/containers"))) {
      assertThat(left).isEmpty();
    }
  }

  @AfterAll
  static void remove() {
    scratch.close();
  }

  private static Folder folder(Path path) {
    return Folder.of(Caller.ofProcess(), path);
  }

  private static Vm create(String name, VmShare... shares) {
    return vms.create(VmSpec.of(name, base, List.of("sleep", "100000")).with(List.of(shares)));
  }

  private static VmShare at(String at) {
    return new VmShare(folder(shared), at, false);
  }

  private static String said(Vm vm, String script) {
    Ran ran = vm.exec("sh", "-c", script);
    assertThat(ran.errors()).as(script).isEmpty();
    return ran.output();
  }

  /** What a program of the container's root is told. */
  private static String python(Vm vm, String script) {
    return said(vm, "python3 -B -c '" + script + "'");
  }

  private static Object attribute(Path file, String name) throws IOException {
    return Files.getAttribute(file, name, LinkOption.NOFOLLOW_LINKS);
  }

  @Test
  void filesAreOneOnBothSidesWithAllTheyAre() throws IOException {
    Files.writeString(shared.resolve("theirs"), "one\n");
    Vm vm = create("both", at("/data/deep"), new VmShare(folder(other), "/ro", true)).start();
    assertThat(said(vm, "cat /data/deep/theirs; cat /data/deep/new /ro/new 2>&1 | wc -l"))
        .isEqualTo("one\n2\n");
    Files.writeString(shared.resolve("theirs"), "two\n");
    Files.writeString(shared.resolve("new"), "new\n");
    Files.writeString(other.resolve("new"), "too\n");
    assertThat(said(vm, "cat /data/deep/theirs /data/deep/new /ro/new"))
        .as("it is seen at once, though it was looked for before")
        .isEqualTo("two\nnew\ntoo\n");
    assertThat(
            said(
                vm,
                "cd /data/deep; echo mine >mine; chown 7:8 mine; chmod 640 mine; mkfifo fifo;"
                    + " ln mine hard; ln -s /etc link; mkdir -m 1777 dir; rm new; touch -d @7 dir"))
        .isEmpty();
    assertThat(Scratch.read(shared.resolve("hard"))).isEqualTo("mine\n");
    assertThat(attribute(shared.resolve("mine"), "unix:mode")).isEqualTo(0100640);
    assertThat(attribute(shared.resolve("mine"), "unix:uid")).isEqualTo(7);
    assertThat(attribute(shared.resolve("mine"), "unix:gid")).isEqualTo(8);
    assertThat(attribute(shared.resolve("mine"), "unix:nlink")).isEqualTo(2);
    assertThat(attribute(shared.resolve("fifo"), "unix:mode")).isEqualTo(010644);
    assertThat(attribute(shared.resolve("dir"), "unix:mode")).isEqualTo(041777);
    assertThat(Files.getLastModifiedTime(shared.resolve("dir")).toMillis()).isEqualTo(7_000);
    assertThat(Files.readSymbolicLink(shared.resolve("link"))).isEqualTo(Path.of("/etc"));
    assertThat(shared.resolve("new")).doesNotExist();
    python(
        vm,
        """
        import mmap, os
        os.setxattr("/data/deep/mine", "user.who", b"me")
        with open("/data/deep/mine", "r+b") as file, mmap.mmap(file.fileno(), 5) as bytes:
            bytes[0:4] = b"mapp"
            bytes.flush()
        """);
    assertThat(Files.getAttribute(shared.resolve("mine"), "user:who"))
        .isEqualTo(new byte[] {0x6d, 0x65});
    assertThat(Scratch.read(shared.resolve("mine"))).isEqualTo("mapp\n");
    assertThat(vm.shares()).hasToString("[" + shared + ":/data/deep, " + other + ":/ro:ro]");
    assertThatThrownBy(() -> vm.commit("no:changes"))
        .as("neither what is in a share nor where it is mounted is in a commit")
        .hasMessageContaining("nothing has changed");
  }

  @Test
  void nobodyWritesToOneThatIsReadOnly() {
    Vm vm = create("ro", new VmShare(folder(shared), "/ro", true)).start();
    assertThat(vm.exec("touch", "/ro/x").errors()).contains("Read-only file system");
    assertThat(vm.exec("mount", "-o", "remount,rw", "/ro").status()).isNotZero();
    assertThat(said(vm, "grep ' /ro ' /proc/mounts")).contains("ro,nosuid,nodev");
    Machine machine = vms.runner(vms.record("ro")).machine();
    Share share = share(machine, shared);
    try (Agent agent = machine.agent()) {
      assertThatThrownBy(() -> agent.mountShare(share.tag(), "v0", false).await())
          .as("the guest itself has mounted it to be written to, and cannot")
          .hasMessageContaining("EROFS");
    }
    assertThat(shared).isEmptyDirectory();
  }

  private static Share share(Machine machine, Path folder) {
    return machine.shares().stream()
        .filter(share -> share.folder().equals(folder))
        .findFirst()
        .orElseThrow();
  }

  /** By root of the container. */
  @Test
  void nothingAboveItIsReachedAndNothingInItGetsRightsOnThisHost() throws IOException {
    Files.createSymbolicLink(shared.resolve("out"), above.resolve("secret"));
    Files.createSymbolicLink(shared.resolve("up"), Path.of("../secret"));
    Path program = Files.copy(Path.of("/bin/busybox"), shared.resolve("program"));
    Files.setAttribute(program, "unix:mode", 06755);
    Vm vm = create("root", at("/data")).start();
    for (String way : List.of("/data/../secret", "/data/out", "/data/up", "/data/./../secret")) {
      assertThat(vm.exec("cat", way).errors()).as(way).contains("No such file");
    }
    assertThat(said(vm, "grep ' /data ' /proc/mounts")).contains("rw,nosuid,nodev");
    assertThat(
            python(
                vm,
                """
                import os, stat
                pid = os.fork()
                if not pid:
                    os.setresuid(7, 7, 7)
                    os.execv("/data/program", ["busybox", "sh", "-c", "id -u"])
                os.waitpid(pid, 0)
                top = os.open("/data", os.O_RDONLY)
                print(os.path.samestat(os.stat("..", dir_fd=top), os.stat("/")))
                def tried(what, *words, **more):
                    try:
                        what(*words, **more)
                        return "done"
                    except OSError as failure:
                        return failure.strerror
                os.mkdir("/data/sub")
                open("/data/mine", "w").close()
                print(tried(os.chmod, "/data/mine", 0o4755), tried(os.chmod, "/data/mine", 0o2755))
                print(tried(os.chmod, "/data/sub", 0o2755), tried(os.chmod, "/data/mine", 0o755))
                print(tried(os.mknod, "/data/made", stat.S_IFREG | 0o4755))
                print(tried(os.open, "/data/opened", os.O_CREAT | os.O_WRONLY, 0o4755))
                print(tried(os.mknod, "/data/device", stat.S_IFCHR | 0o666, os.makedev(1, 3)))
                print(tried(os.setxattr, "/data/mine", "security.capability", bytes.fromhex(
                    "0100000200200000000000000000000000000000")))
                """))
        .isEqualTo(
            """
            7
            True
            Operation not permitted Operation not permitted
            Operation not permitted done
            Operation not permitted
            Operation not permitted
            Operation not permitted
            Operation not permitted
            """);
    assertThat(attribute(program, "unix:mode")).isEqualTo(0106755);
    assertThat(said(vm, "printf x >>/data/program")).isEmpty();
    assertThat(attribute(program, "unix:mode"))
        .as("who writes to a program takes its rights away")
        .isEqualTo(0100755);
    try (Stream<Path> all = Files.list(shared)) {
      assertThat(all.filter(file -> !Files.isSymbolicLink(file)))
          .allSatisfy(file ->
              assertThat((int) attribute(file, "unix:mode") & 06000).as("%s", file).isZero());
    }
  }

  @Test
  void whatCannotBeSharedIsRefusedAndNothingIsMade() throws Exception {
    Files.writeString(above.resolve("file"), "");
    Files.createDirectory(other.resolve("upper"));
    Files.createDirectory(other.resolve("at"));
    Path theirs = Files.createSymbolicLink(other.resolve("theirs"), above);
    Files.setAttribute(theirs, "unix:uid", 7, LinkOption.NOFOLLOW_LINKS);
    Union union =
        TestVms.unions(scratch.path("home"))
            .create(
                new UnionSpec(
                    "beside",
                    List.of(folder(shared)),
                    folder(other.resolve("upper")),
                    null,
                    folder(other.resolve("at")),
                    UnionSpec.Via.KERNEL));
    Map<String, String> refused =
        Map.ofEntries(
            Map.entry(above + "/none:/data", "its folder " + above + "/none: it does not exist"),
            Map.entry(above + "/file:/data", "its folder " + above + "/file is not a directory"),
            Map.entry(above + ":data", "it is written DIR:/at"),
            Map.entry(above + ":/data:rx", "it is written DIR:/at"),
            Map.entry(above + ":/", "is not a folder of this host"),
            Map.entry(above + ":/proc", "/proc is not a folder of this host"),
            Map.entry(above + ":/dev/shm", "/dev is not a folder of this host"),
            Map.entry(above + ":/etc", "/etc/hosts is not a folder of this host"),
            Map.entry(above + ":/a/../proc", "without '..'"),
            Map.entry(scratch.path("home") + ":/x", "and Mica's own store"),
            Map.entry(scratch.dir("home/inside") + ":/x", "and Mica's own store"),
            Map.entry(scratch.path("") + ":/x:rw", "and Mica's own store"),
            Map.entry(scratch.path("home") + ":/x:ro", "and Mica's own store"),
            Map.entry(scratch.dir("home/inside") + ":/x:ro", "and Mica's own store"),
            Map.entry(scratch.path("") + ":/x:ro", "and Mica's own store"),
            Map.entry(scratch.path("base/etc") + ":/x", "and its start folder"),
            Map.entry(other + ":/x", "of the union beside overlap"),
            Map.entry(theirs + ":/x", "leads through a symlink of the user 7"));
    try {
      refused.forEach((text, why) -> requireRefused(why, text));
      requireRefused(
          "its shares at /data/sub and at /data overlap", above + ":/data", above + ":/data/sub");
    } finally {
      union.remove();
    }
    assertThat(vms.list()).isEmpty();
    VmShare read = VmShare.of(scratch.path("base") + ":/x:ro", path -> folder(Path.of(path)));
    create("read", read).remove();
  }

  /** Of a VM that does not run, too: it may at any time. */
  @Test
  void noUnionWritesToWhatAVmWritesTo() throws IOException {
    Unions unions = TestVms.unions(scratch.path("home"));
    Files.createDirectory(shared.resolve("sub"));
    create("writes", at("/data"));
    create("reads", new VmShare(folder(other), "/data", true));
    for (Path upper : List.of(shared, shared.resolve("sub"), above)) {
      assertThatThrownBy(() -> unions.create(union(upper, scratch.path("base"))))
          .as("%s", upper)
          .isInstanceOf(MicaException.class)
          .hasMessageContaining("and the share " + shared + " of the VM writes overlap")
          .hasMessageContaining("take another one, or remove the VM writes");
    }
    unions.create(union(other, shared)).remove();
    vms.get("writes").remove();
    unions.create(union(shared, scratch.path("base"))).remove();
  }

  private static UnionSpec union(Path upper, Path lower) {
    Folder at = folder(scratch.path("at"));
    return new UnionSpec(
        "beside", List.of(folder(lower)), folder(upper), null, at, UnionSpec.Via.KERNEL);
  }

  private static void requireRefused(String why, String... texts) {
    assertThatThrownBy(() ->
            create(
                "refused",
                Stream.of(texts)
                    .map(text -> VmShare.of(text, path -> folder(Path.of(path))))
                    .toArray(VmShare[]::new)))
        .as("%s", List.of(texts))
        .isInstanceOf(MicaException.class)
        .hasMessageContaining(why)
        .hasMessageNotContaining("\n");
  }

  @Test
  void anotherFolderInItsPlaceIsRefusedAndALostFileServerIsTold() throws IOException {
    Files.writeString(shared.resolve("a"), "a\n");
    Vm vm = create("again", at("/link")).start();
    assertThat(said(vm, "cat /run/inside/a; ls -l /link | wc -l")).isEqualTo("a\n1\n");
    Machine machine = vms.runner(vms.record("again")).machine();
    ProcessHandle server = ProcessHandle.of(share(machine, shared).pid()).orElseThrow();
    server.destroyForcibly();
    assertThat(Poll.until(SOON, () -> vm.state() == Vm.State.FAILED)).isTrue();
    assertThat(vm.status()).isEqualTo("failed (the file server of its share at /link ended)");
    vm.stop();
    assertThat(vm.pid()).isZero();
    Path aside = Files.move(shared, above.resolve("aside"));
    assertThatThrownBy(vm::start)
        .hasMessageContaining("its folder " + shared + ": it does not exist");
    Files.createDirectory(shared);
    assertThatThrownBy(vm::start)
        .hasMessageContaining(
            "its share " + shared + " is not the directory that it was made with");
    assertThat(vm.pid()).isZero();
    Files.delete(shared);
    Files.move(aside, shared);
    assertThat(said(vm.start(), "cat /link/a")).isEqualTo("a\n");
    for (String name : List.of("file", "nowhere")) {
      assertThatThrownBy(create(name, at("/" + name))::start)
          .hasMessageStartingWith("cannot start the VM " + name + ": in its root nothing can be")
          .hasMessageContaining(name)
          .hasMessageNotContaining("\n");
    }
    Vm behind = create("behind", at("/link/not/there"));
    assertThatThrownBy(behind::start)
        .hasMessage(
            "cannot start the VM behind: in its root nothing can be mounted: a link on the way to"
                + " /link/not/there leads to where it is not; share the folder at another place in"
                + " the container");
    behind.remove();
    assertThat(said(create("inside", at("/link/there")).start(), "ls /run/inside/there"))
        .isEqualTo("a\n");
    assertThat(shared.resolve("a")).exists();
  }
}
