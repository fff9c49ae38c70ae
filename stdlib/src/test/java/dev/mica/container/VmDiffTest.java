package dev.mica.container;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mica.access.Caller;
import dev.mica.commit.Commits;
import dev.mica.folder.Change;
import dev.mica.folder.Diff;
import dev.mica.folder.Folder;
import dev.mica.state.StateDir;
import dev.mica.test.Lab;
import dev.mica.test.NeedsRoot;
import dev.mica.test.Scratch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What real containers have changed, told while they run, paused, ended and unstarted. */
@NeedsRoot
@Timeout(600)
final class VmDiffTest {
  /**
   * One edit.
   *
   * @param base what makes the files that the start folder has, in a directory of their own
   * @param edit what the container does there
   * @param expect the lines that tell of it
   */
  private record Case(String name, String base, String edit, List<String> expect) {
    static Case of(String name, String base, String edit, String... expect) {
      return new Case(name, base, edit, List.of(expect));
    }
  }

  private static final List<Case> CASES =
      List.of(
          Case.of("written", "echo 1 > f", "echo 22 > f", "modified content,times f"),
          Case.of(
              "rewritten with the same",
              "echo 1 > f; touch -d @1000000000 f",
              "echo 1 > f; touch -d @1000000000 f"),
          Case.of(
              "only the bytes differ",
              "echo 1 > f; touch -d @1000000000 f",
              "echo 2 > f; touch -d @1000000000 f",
              "modified content f"),
          Case.of("only copied up", "mkdir d; echo 1 > d/f", "chmod 600 d/f; chmod 644 d/f"),
          Case.of(
              "come and gone",
              "echo 1 > f",
              "echo 1 > g; rm g; mv f h; mv h f",
              "modified times ."),
          Case.of("mode", "echo 1 > f", "chmod 4711 f", "modified mode f"),
          Case.of("owner", "echo 1 > f", "chown 7:8 f", "modified owner f"),
          Case.of("times", "echo 1 > f", "touch -d @1000000000 f", "modified times f"),
          Case.of("mode of a directory", "mkdir d", "chmod 700 d", "modified mode d"),
          Case.of(
              "a new tree",
              "",
              "mkdir -p n/m; echo 1 > n/m/f",
              "added n",
              "added n/m",
              "added n/m/f"),
          Case.of(
              "a tree that is gone",
              "mkdir -p d/e; echo 1 > d/e/f; : > d/g",
              "rm -r d",
              "deleted d"),
          Case.of(
              "a tree that was made anew",
              "mkdir d; : > d/a; : > d/b",
              "rm -r d; mkdir d; : > d/b1",
              "modified times .",
              "deleted d/a",
              "deleted d/b",
              "added d/b1"),
          Case.of(
              "a directory is a file",
              "mkdir -p d/e; : > d/f",
              "rm -r d; echo 1 > d",
              "modified times .",
              "modified type d"),
          Case.of(
              "a file is a directory",
              ": > f",
              "rm f; mkdir f; : > f/in",
              "modified times .",
              "modified type f",
              "added f/in"),
          Case.of("renamed", "echo 1 > f", "mv f g", "deleted f", "added g"),
          Case.of("a fifo", "", "mkfifo p", "added p"),
          Case.of(
              "a symlink",
              "ln -s a l",
              "rm l; ln -s bb l",
              "modified times .",
              "modified content,times l"),
          Case.of("a second name", "echo 1 > f", "ln f g", "added g"),
          Case.of("a name with a newline", "", "touch 'a\nb'", "added a\\x0ab"));

  private static Scratch scratch;
  private static StateDir state;
  private static Vms vms;
  private static Commits commits;
  private static Folder base;

  @BeforeAll
  static void make() throws IOException {
    scratch = new Scratch();
    state = StateDir.at(scratch.path("home"));
    vms = TestVms.of(state);
    commits = TestVms.commits(state);
    Path root = TestRoot.busybox(scratch.dir("base")).path();
    for (int i = 0; i < CASES.size(); i++) {
      Path own = Files.createDirectories(root.resolve("case" + i));
      Scratch.run("sh", "-c", "cd \"$1\"; " + CASES.get(i).base(), "sh", own.toString());
    }
    base = Folder.of(Caller.ofProcess(), root);
  }

  @AfterAll
  static void remove() {
    for (Vm vm : vms.list()) {
      vm.kill();
      vm.remove();
    }
    scratch.awaitDigests();
    scratch.close();
  }

  private static Vm create(String name) {
    return vms.create(VmSpec.of(name, base, List.of("sleep", "100000")));
  }

  private static List<String> expected() {
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < CASES.size(); i++) {
      for (String line : CASES.get(i).expect()) {
        int path = line.lastIndexOf(' ') + 1;
        String name = line.substring(path);
        lines.add(line.substring(0, path) + "case" + i + (name.equals(".") ? "" : "/" + name));
      }
    }
    lines.sort((a, b) -> Integer.compare(number(a), number(b)));
    return lines;
  }

  private static int number(String line) {
    return Integer.parseInt(line.replaceAll(".*case(\\d+).*", "$1"));
  }

  /** In the order of the cases, as the names of their directories sort otherwise. */
  private static List<String> lines(Diff diff) {
    List<String> lines = Lab.lines(diff);
    lines.sort((a, b) -> Integer.compare(number(a), number(b)));
    return lines;
  }

  private static void nothingIsLeft(int commitsThere) throws IOException {
    try (Stream<Path> layers = Files.list(scratch.path("home/layers"))) {
      assertThat(layers).hasSize(commitsThere);
    }
    assertThat(state.leftovers()).isEmpty();
  }

  @Test
  void whateverItIsAtItTellsWhatACommitWould() throws IOException {
    Vm vm = create("web");
    assertThat(vm.diff().toList()).as("never started").isEmpty();
    assertThat(vm.state()).isEqualTo(Vm.State.CREATED);

    vm.start();
    assertThat(vm.diff().toList()).as("what the runtime made is no change").isEmpty();
    for (int i = 0; i < CASES.size(); i++) {
      Ran ran = vm.exec("sh", "-ec", "cd /case" + i + "\n" + CASES.get(i).edit());
      assertThat(ran.status()).as(CASES.get(i).name() + ": " + ran.errors()).isZero();
    }
    Diff running = vm.diff();
    List<Change> changes = running.toList();
    assertThat(lines(running)).isEqualTo(expected());
    nothingIsLeft(0);

    vm.pause();
    assertThat(vm.diff().toList()).as("paused").isEqualTo(changes);
    assertThat(vm.state()).isEqualTo(Vm.State.PAUSED);
    vm.resume();

    assertThat(vm.commit("web:1").diff().toList()).as("a commit").isEqualTo(changes);
    Ran ran = vm.exec("rm", "-r", "/case0");
    assertThat(ran.status()).isZero();
    assertThat(running.toList()).as("it is of its moment").isEqualTo(changes);
    assertThat(Lab.lines(vm.diff())).contains("deleted case0");

    vm.stop();
    Diff ended = vm.diff();
    assertThat(Lab.lines(ended)).as("ended").contains("deleted case0").hasSize(changes.size());
    assertThat(vm.pid()).isZero();
    assertThat(ended.summary()).isEqualTo(vm.commit("web:2").diff().summary());
    assertThat(ended.tree()).contains("- case0");
    nothingIsLeft(2);
  }

  @Test
  void aStartFolderThatIsAnotherByNowIsRefused() throws IOException {
    Path root = TestRoot.busybox(scratch.dir("moved")).path();
    Vm vm =
        vms.create(
            VmSpec.of("moved", Folder.of(Caller.ofProcess(), root), List.of("sleep", "100000")));
    Files.move(root, scratch.path("elsewhere"));
    Path _ = scratch.dir("moved");
    assertThatThrownBy(vm::diff)
        .hasMessageContaining("cannot diff the VM moved: its start folder " + root + " is not");
    assertThatThrownBy(() -> vm.commit("moved:1"))
        .hasMessageContaining("cannot commit the VM moved: its start folder " + root + " is not");
    assertThat(commits.find("moved:1")).isEmpty();
  }
}
