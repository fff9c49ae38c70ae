package dev.mica.folder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mica.test.Lab;
import dev.mica.test.NeedsRoot;
import dev.mica.test.Scratch;
import dev.mica.test.ScratchTest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A copy is what the original is, by the lab's word and by its digest. */
@NeedsRoot
final class CopyTest extends ScratchTest {
  private static final String FACTS = "%F %s %b %u %g %a %y";

  private static String facts(Path file) {
    return Scratch.run("stat", "-c", FACTS, file.toString())
        + Scratch.run("getfattr", "-h", "-d", "-m", "-", "--absolute-names", file.toString())
            .replaceFirst("# file: .*", "");
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8})
  void aTreeIsCopiedWhole(int seed) {
    Path from = scratch.path("from");
    try (Lab lab = new Lab()) {
      lab.ask("make", seed, from);
      Folder copy = Folder.of(from).copyTo(Folder.of(scratch.path("to")));
      assertThat(lab.ask("compare", from, copy.path(), "--holes")).isEmpty();
      assertThat(copy.digest()).startsWith("sha256:").isEqualTo(Folder.of(from).digest());
      Scratch.write(copy.path().resolve("one more"), "");
      assertThat(copy.digest()).isNotEqualTo(Folder.of(from).digest());
      lab.ask("remove", from);
      lab.ask("remove", copy.path());
    }
  }

  @Test
  void aFileIsCopiedWhole() throws IOException {
    Path file = scratch.file("file", "begin");
    Scratch.run("truncate", "-s", "10M", file.toString());
    Scratch.run("chown", "12:34", file.toString());
    Scratch.run("chmod", "6751", file.toString());
    Scratch.run("setfattr", "-n", "user.origin", "-v", "test", file.toString());
    Scratch.run("setfattr", "-n", "trusted.mica", "-v", "test", file.toString());
    Scratch.run("touch", "-d", "1960-01-02 03:04:05.123456789 UTC", file.toString());
    Folder copy = Folder.of(file).copyTo(Folder.of(scratch.path("copy")));
    assertThat(facts(copy.path())).isEqualTo(facts(file)).contains("user.origin", "trusted.mica");
    assertThat(Files.mismatch(file, copy.path())).isEqualTo(-1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"ln -s nowhere", "mkfifo -m 640", "mknod -m 604 x c 1 3; mv x"})
  void whatIsNoFileIsCopiedAsWhatItIs(String command) {
    Path node = scratch.path("node");
    Scratch.run("sh", "-c", "cd " + scratch.path("") + " && " + command + " node");
    Scratch.run("touch", "-h", "-d", "1999-01-02 03:04:05.5", node.toString());
    Folder copy = Folder.of(node).copyTo(Folder.of(scratch.path("copy")));
    assertThat(facts(copy.path())).isEqualTo(facts(node));
  }

  @Test
  void aCopyThatFailsLeavesNothing() {
    Path file = scratch.file("file", "text");
    Path small = scratch.dir("small");
    Scratch.run("mount", "-t", "tmpfs", "-o", "size=64k", "small", small.toString());
    Scratch.write(file, "x".repeat(1 << 20));
    assertThatThrownBy(() -> Folder.of(file).copyTo(Folder.of(small.resolve("copy"))))
        .hasMessageContaining("cannot copy " + file + " to " + small.resolve("copy"))
        .hasMessageContaining("No space left")
        .hasMessageContaining("free some space");
    assertThat(small).isEmptyDirectory();
  }

  @Test
  void archivesKeepTimesBefore1970() {
    Path site = scratch.dir("site");
    scratch.file("site/file", "text");
    Scratch.run("ln", "-s", "file", site.resolve("link").toString());
    for (String name : new String[] {"file", "link", "."}) {
      String time = "1960-01-02 03:04:05.25 UTC";
      Scratch.run("touch", "-h", "-d", time, site.resolve(name).toString());
    }
    Path tar = scratch.path("site.tar");
    Scratch.run("tar", "--format=posix", "-C", scratch.path("") + "", "-cf", tar + "", "site");
    Folder copy = Folder.of("tar:" + tar + "!/site").copyTo(Folder.of(scratch.path("copy")));
    for (String name : new String[] {"file", "link", ""}) {
      assertThat(facts(copy.path().resolve(name))).isEqualTo(facts(site.resolve(name)));
    }
  }
}
