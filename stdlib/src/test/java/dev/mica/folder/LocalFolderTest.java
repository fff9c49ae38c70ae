package dev.mica.folder;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mica.failure.MicaException;
import dev.mica.text.PathBytes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;
import org.assertj.core.groups.Tuple;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LocalFolderTest {
  private static final Name ODD = Name.of(new byte[] {'x', (byte) 0xff, '\n', (byte) 0xe4});

  @TempDir Path scratch;

  @Test
  void listsByNameWithTheirBytes() throws IOException {
    Files.createDirectory(scratch.resolve("d"));
    Files.writeString(scratch.resolve("d/inner"), "");
    Files.writeString(scratch.resolve("ä"), "12345");
    Files.createSymbolicLink(scratch.resolve("link"), Path.of("nowhere"));
    Files.writeString(odd(), "1");
    FileTime time = FileTime.from(Instant.parse("2001-02-03T04:05:06.123456789Z"));
    Files.setLastModifiedTime(odd(), time);
    Files.setPosixFilePermissions(odd(), PosixFilePermissions.fromString("r---w---x"));

    List<Entry> entries = Folder.of(scratch).list();

    assertThat(entries)
        .extracting(Entry::path, Entry::type, Entry::size)
        .containsExactly(
            tuple("d", Type.DIRECTORY, 0),
            tuple("link", Type.SYMLINK, 7),
            Tuple.tuple(ODD, Type.FILE, 1L),
            tuple("ä", Type.FILE, 5));
    assertThat(entries.get(2).modified()).isEqualTo(time.toInstant());
    assertThat(entries.get(2).mode()).isEqualTo(0421);
  }

  @Test
  void listsAreTheCallersToChange() throws IOException {
    Files.writeString(scratch.resolve("a"), "");
    Files.writeString(scratch.resolve("b"), "12");
    Folder folder = Folder.of(scratch);
    Path empty = Files.createDirectory(scratch.resolve("c"));
    for (List<?> list :
        List.of(
            folder.list(),
            folder.find(entry -> true),
            folder.diff(Folder.of(empty)).toList(),
            Folder.of(empty).list())) {
      Object first = list.isEmpty() ? null : list.getFirst();
      Collections.reverse(list);
      assertThat(list.isEmpty() || list.getLast().equals(first)).isTrue();
      list.clear();
    }
    assertThat(folder.list()).hasSize(3);
  }

  @Test
  void findsAtAnyDepthTheSameEntries() throws IOException {
    Files.createDirectories(scratch.resolve("a/b"));
    Files.writeString(scratch.resolve("a/b/c.txt"), "123");
    Files.writeString(scratch.resolve("a.txt"), "");
    Files.writeString(odd(), "1");
    Folder folder = Folder.of(scratch);
    assertThat(folder.find(entry -> true))
        .extracting(entry -> entry.path().toString())
        .containsExactly("a", "a/b", "a/b/c.txt", "a.txt", ODD.toString());
    assertThat(folder.find(entry -> entry.path().depth() == 0)).isEqualTo(folder.list());
    assertThat(folder.find(entry -> entry.size() == 3))
        .extracting(entry -> entry.name().toString())
        .containsExactly("c.txt");
  }

  @Test
  void drawsAFewLevels() throws IOException {
    Files.createDirectories(scratch.resolve("a/b/c"));
    Files.createDirectories(PathBytes.resolve(scratch, ODD.bytes()).resolve("in"));
    assertThat(Folder.of(scratch).tree(2))
        .isEqualTo(
            scratch
                + """

                ├── a/
                │   └── b/
                └── x\\xff\\x0a\\xe4/
                    └── in/\
                """);
  }

  @Test
  void saysWhatDiffers() throws IOException {
    Path a = Files.createDirectory(scratch.resolve("a"));
    Path b = Files.createDirectory(scratch.resolve("b"));
    Files.createDirectory(a.resolve("d"));
    Files.writeString(a.resolve("f"), "one");
    Files.writeString(b.resolve("f"), "other");
    Files.setLastModifiedTime(b.resolve("f"), Files.getLastModifiedTime(a.resolve("f")));
    Files.writeString(PathBytes.resolve(b, ODD.bytes()), "");
    Diff diff = Folder.of(a).diff(Folder.of(b));
    assertThat(diff.toList())
        .extracting(Change::kind, Change::path)
        .containsExactly(
            Tuple.tuple(Change.Kind.DELETED, Name.of("d")),
            Tuple.tuple(Change.Kind.MODIFIED, Name.of("f")),
            Tuple.tuple(Change.Kind.ADDED, ODD));
    assertThat(diff.summary()).isEqualTo(new Diff.Summary(1, 1, 1));
    assertThat(diff.isEmpty()).isFalse();
    assertThat(diff.tree()).contains("├── - d/").contains("├── ~ f  (content)").contains("└── + x");
  }

  @Test
  void aDiffLooksAnewEachTime() throws IOException {
    Path a = Files.createDirectory(scratch.resolve("a"));
    Path b = Files.createDirectory(scratch.resolve("b"));
    Diff diff = Folder.of(a).diff(Folder.of(b));
    assertThat(diff.toList()).extracting(change -> change.path().toString()).doesNotContain("new");
    Files.writeString(b.resolve("new"), "");
    assertThat(diff.toList()).extracting(change -> change.path().toString()).contains("new");
  }

  @Test
  void writesWholeFilesAndReadsThem() throws IOException {
    Folder file = Folder.of(scratch).resolve("etc/app/conf");
    file.write("größe=1\n");
    assertThat(file.text()).isEqualTo("größe=1\n");
    Files.setPosixFilePermissions(file.path(), PosixFilePermissions.fromString("rwxr-x--x"));
    file.write("");
    assertThat(file.text()).isEmpty();
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file.path())))
        .isEqualTo("rwxr-x--x");
    assertThat(names(scratch.resolve("etc/app"))).containsExactly("conf");
  }

  @Test
  void aLinkStaysAndItsTargetIsWritten() throws IOException {
    Path target = Files.writeString(scratch.resolve("target"), "old");
    Path link = Files.createSymbolicLink(scratch.resolve("link"), Path.of("target"));
    Folder.of(link).write("new");
    assertThat(link).isSymbolicLink();
    assertThat(target).hasContent("new");
  }

  @Test
  void badRequestsAreOneLineAndChangeNothing() throws IOException {
    Files.write(scratch.resolve("latin"), "ä".getBytes(ISO_8859_1));
    Files.writeString(scratch.resolve("a.tar"), "");
    Folder folder = Folder.of(scratch);
    fails(() -> folder.resolve("latin").text(), "it is not UTF-8 text");
    fails(folder::text, "cannot read " + scratch);
    fails(() -> folder.write("x"), "it is a directory");
    fails(() -> folder.resolve("no").list(), "no such directory");
    fails(() -> folder.resolve("latin").list(), "not a directory");
    fails(() -> folder.resolve("a.tar").list(), "has a URI: tar:" + scratch + "/a.tar");
    fails(() -> folder.resolve("latin/below").create(), "cannot make the directory");
    fails(() -> folder.diff(folder.resolve("no")), "cannot compare " + scratch + "/no");
    fails(() -> folder.copyTo(folder.resolve("in")), "lies inside it");
    fails(() -> folder.copyTo(folder.resolve("../x")), "leads out");
    fails(() -> folder.resolve("latin").copyTo(folder.resolve("a.tar")), "there already");
    fails(() -> Folder.of("/").delete(), "root of this host");
    assertThat(names(scratch)).containsExactlyInAnyOrder("latin", "a.tar");
  }

  @Test
  void isThereOrNot() throws IOException {
    Files.createSymbolicLink(scratch.resolve("dangling"), Path.of("nowhere"));
    Files.writeString(scratch.resolve("file"), "");
    Folder folder = Folder.of(scratch);
    assertThat(folder.exists()).isTrue();
    assertThat(folder.isDirectory()).isTrue();
    assertThat(folder.resolve("dangling").exists()).isTrue();
    assertThat(folder.resolve("no").exists()).isFalse();
    assertThat(folder.resolve("file/below").exists()).isFalse();
    assertThat(folder.resolve("file").isDirectory()).isFalse();
  }

  @Test
  void removesWhatIsThereAndMindsNothing() throws IOException {
    Folder folder = Folder.of(scratch).resolve("d/e").create();
    Files.writeString(PathBytes.resolve(folder.path(), ODD.bytes()), "");
    Folder.of(scratch).resolve("d").delete();
    Folder.of(scratch).resolve("d").delete();
    assertThat(names(scratch)).isEmpty();
  }

  private Path odd() {
    return PathBytes.resolve(scratch, ODD.bytes());
  }

  private static Tuple tuple(String name, Type type, long size) {
    return Tuple.tuple(Name.of(name), type, size);
  }

  private static void fails(Runnable request, String why) {
    assertThatThrownBy(request::run)
        .isInstanceOf(MicaException.class)
        .hasMessageContaining(why)
        .hasMessageNotContaining("\n");
  }

  private static List<String> names(Path directory) throws IOException {
    try (Stream<Path> paths = Files.list(directory)) {
      return paths.map(path -> path.getFileName().toString()).toList();
    }
  }
}
