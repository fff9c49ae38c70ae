package dev.mica.folder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mica.commit.Commit;
import dev.mica.core.Core;
import dev.mica.failure.MicaException;
import dev.mica.test.Scratch;
import dev.mica.test.ScratchTest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Root writes in a folder of a user, who exchanges whatever appears there for a symlink to what is
 * root's: that is never written, and its owner and mode stay.
 */
final class OthersFoldersTest extends ScratchTest {
  private static final int ROUNDS = 20;
  private static final int USER = 1000;

  private Path user = scratch.path("user");
  private Path victim = scratch.path("victim");

  @BeforeEach
  void make() throws IOException {
    scratch.file("victim/file", "precious");
    Files.setPosixFilePermissions(
        victim.resolve("file"), PosixFilePermissions.fromString("rw-------"));
    scratch.dir("links");
    Files.setAttribute(scratch.dir("user"), "unix:uid", USER);
  }

  private interface Step {
    void run(int round) throws IOException;
  }

  /** Some rounds of a step while names that are {@code wanted} are exchanged as they appear. */
  private void race(Path target, Predicate<String> wanted, Step step) throws Exception {
    AtomicBoolean stop = new AtomicBoolean();
    Thread racer = new Thread(() -> exchange(target, wanted, stop));
    racer.start();
    try {
      for (int round = 0; round < ROUNDS; round++) {
        try {
          step.run(round);
        } catch (MicaException refused) { // as it may be, where what it made was taken from it
          assertThat(refused).hasMessageNotContaining("internal");
        }
      }
    } finally {
      stop.set(true);
      racer.join();
    }
    requireUnharmed();
  }

  private void exchange(Path target, Predicate<String> wanted, AtomicBoolean stop) {
    for (int number = 0; !stop.get(); ) {
      try (Stream<Path> names = Files.list(user)) {
        for (Path name : names.filter(each -> wanted.test(nameOf(each))).toList()) {
          if (!Files.isSymbolicLink(name)) {
            Path link = scratch.path("links/" + number++);
            Files.createSymbolicLink(link, target);
            Core.exchange(name, link);
          }
        }
      } catch (IOException | RuntimeException gone) {
        Thread.onSpinWait(); // it had another name already
      }
    }
  }

  private static String nameOf(Path path) {
    return path.getFileName().toString();
  }

  private void requireUnharmed() throws IOException {
    Path file = victim.resolve("file");
    assertThat(file).hasContent("precious");
    assertThat(Files.getAttribute(file, "unix:uid")).isEqualTo(0);
    assertThat(Files.getAttribute(file, "unix:mode")).isEqualTo(0100600);
    try (Stream<Path> all = Files.list(victim)) {
      assertThat(all).containsExactly(file);
    }
  }

  @Test
  void aTextIsWritten() throws Exception {
    Path file = scratch.file("user/file", "before");
    Files.setAttribute(file, "unix:uid", USER);
    race(
        victim.resolve("file"),
        name -> name.startsWith("."),
        round -> Folder.of(file).write("text " + round));
  }

  @Test
  void aFileThatIsWrittenKeepsOwnerAndModeAndNothingElseStays() throws IOException {
    Path file = scratch.file("user/file", "before");
    Files.setAttribute(file, "unix:uid", USER);
    Files.setAttribute(file, "unix:gid", USER + 1);
    Files.setAttribute(file, "unix:mode", 0640);
    Folder.of(file).write("after");
    assertThat(file).hasContent("after");
    assertThat(Files.getAttribute(file, "unix:uid")).isEqualTo(USER);
    assertThat(Files.getAttribute(file, "unix:gid")).isEqualTo(USER + 1);
    assertThat(Files.getAttribute(file, "unix:mode")).isEqualTo(0100640);
    assertThat(user).isDirectoryNotContaining(each -> !each.equals(file));
  }

  @ParameterizedTest
  @ValueSource(strings = {"zip", "tar"})
  void anArchiveIsUnpacked(String scheme) throws Exception {
    scratch.file("packed/d/other", "evil");
    scratch.file("packed/evil", "evil");
    Path archive = scratch.path("x." + scheme);
    if (scheme.equals("tar")) {
      Scratch.run("tar", "-cf", archive.toString(), "-C", scratch.path("packed").toString(), ".");
    } else {
      zip(archive);
    }
    race(
        victim,
        name -> true,
        round ->
            Folder.of(scheme + ":" + archive).copyTo(Folder.of(user).resolve("copy-" + round)));
  }

  private void zip(Path archive) throws IOException {
    try (var out = new java.util.zip.ZipOutputStream(Files.newOutputStream(archive))) {
      for (String name : List.of("d/", "d/other", "evil")) {
        out.putNextEntry(new java.util.zip.ZipEntry(name));
        out.write(name.endsWith("/") ? new byte[0] : new byte[] {'e'});
        out.closeEntry();
      }
    }
  }

  private Commit commit() {
    return mica.commits()
        .importFolder(scratch.file("in/file", "x").resolveSibling("").toString(), "x:1")
        .commits()
        .getFirst();
  }

  @ParameterizedTest
  @ValueSource(strings = {"oci", "docker", "layout"})
  void anImageIsSaved(String format) throws Exception {
    Commit commit = commit();
    race(
        format.equals("layout") ? victim : victim.resolve("file"),
        name -> true,
        round -> commit.save(user.resolve("image-" + round).toString(), format, "none"));
  }

  /** A name that the user can guess beforehand, by the number of our process. */
  @ParameterizedTest
  @ValueSource(strings = {"oci", "docker"})
  void anImageIsSavedWhereALinkWaits(String format) throws IOException {
    Commit commit = commit();
    Path link = user.resolve(".image.mica-" + ProcessHandle.current().pid());
    Files.createSymbolicLink(link, victim.resolve("file"));
    commit.save(user.resolve("image").toString(), format, "none");
    requireUnharmed();
  }

  @ParameterizedTest
  @ValueSource(strings = {"blobs", "blobs/sha256", "oci-layout"})
  void aLinkInALayoutIsNotFollowed(String name) throws IOException {
    Commit commit = commit();
    Path layout = user.resolve("layout");
    commit.save(layout.toString(), "layout", "none");
    Path there = layout.resolve(name);
    Core.remove(there);
    Files.createSymbolicLink(there, name.equals("oci-layout") ? victim.resolve("file") : victim);
    assertThatThrownBy(() -> commit.save(layout.toString(), "layout", "gzip"))
        .isInstanceOf(MicaException.class)
        .hasMessageContaining(layout.toString())
        .hasMessageNotContaining("/proc/self/fd");
    requireUnharmed();
  }
}
