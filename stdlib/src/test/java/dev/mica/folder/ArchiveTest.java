package dev.mica.folder;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.groups.Tuple.tuple;

import dev.mica.failure.MicaException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.apache.commons.compress.compressors.bzip2.BZip2CompressorOutputStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ArchiveTest {
  private static final FileTime TIME = FileTime.from(Instant.parse("2001-02-03T04:05:06Z"));

  @TempDir Path scratch;

  /** An entry of an archive: a directory ends with a slash, a link says where it leads. */
  private record Item(String name, byte kind, @Nullable String link, String text) {
    static Item file(String name, String text) {
      return new Item(name, TarConstants.LF_NORMAL, null, text);
    }

    static Item directory(String name) {
      return new Item(name, TarConstants.LF_DIR, null, "");
    }

    static Item symlink(String name, String to) {
      return new Item(name, TarConstants.LF_SYMLINK, to, "");
    }

    static Item link(String name, String to) {
      return new Item(name, TarConstants.LF_LINK, to, "");
    }
  }

  private static final Item[] TREE = {
    Item.directory("etc/"),
    Item.file("etc/größe !%#.txt", "hello"),
    Item.symlink("etc/link", "größe !%#.txt"),
    Item.link("hard", "etc/größe !%#.txt"),
    Item.file("./usr/bin/tool", "#!"),
  };

  @ParameterizedTest
  @ValueSource(strings = {"tar", "tgz", "tbz2"})
  void tarIsListedReadAndCopied(String scheme) throws IOException {
    Path file = scratch.resolve("a b%." + scheme);
    tar(file, scheme, TREE);
    Folder archive = Folder.of(scheme + ":" + file);

    assertThat(archive.exists()).isTrue();
    assertThat(archive.isDirectory()).isTrue();
    assertThat(archive.list())
        .extracting(entry -> entry.path().toString(), Entry::type)
        .containsExactly(
            tuple("etc", Type.DIRECTORY), tuple("hard", Type.FILE), tuple("usr", Type.DIRECTORY));
    assertThat(archive.find(entry -> entry.path().depth() > 0))
        .extracting(entry -> entry.path().toString(), Entry::type, Entry::mode)
        .contains(
            tuple("etc/größe !%#.txt", Type.FILE, 0640), tuple("etc/link", Type.SYMLINK, 0777));
    assertThat(archive.resolve("etc/größe !%#.txt").text()).isEqualTo("hello");
    assertThat(archive.resolve("hard").text()).isEqualTo("hello");
    assertThat(archive.tree(1).lines()).hasSize(4);

    Folder copy = archive.copyTo(Folder.of(scratch).resolve("copy"));
    Path text = copy.resolve("etc/größe !%#.txt").path();
    assertThat(text).hasContent("hello");
    assertThat(Files.getLastModifiedTime(text)).isEqualTo(TIME);
    assertThat(Files.getLastModifiedTime(copy.resolve("etc").path())).isEqualTo(TIME);
    assertThat(Files.readSymbolicLink(copy.resolve("etc/link").path()))
        .isEqualTo(text.getFileName());
    assertThat(Files.isSameFile(copy.resolve("hard").path(), text)).isTrue();
    assertThat(copy.resolve("usr/bin").list())
        .extracting(Entry::name, Entry::mode)
        .containsExactly(tuple(Name.of("tool"), 0640));
  }

  @Test
  void zipIsListedReadAndCopied() throws IOException {
    Path file = zip("etc/", "etc/hosts", "a b");
    Folder archive = Folder.of("zip:" + file);
    assertThat(archive.find(entry -> true))
        .extracting(entry -> entry.path().toString(), Entry::type)
        .containsExactly(
            tuple("a b", Type.FILE), tuple("etc", Type.DIRECTORY), tuple("etc/hosts", Type.FILE));
    assertThat(archive.resolve("etc/hosts").text()).isEqualTo("etc/hosts");
    assertThat(archive.copyTo(Folder.of(scratch).resolve("copy")).resolve("a b").text())
        .isEqualTo("a b");
  }

  /** zip -D, jar, and tar with names alone leave their directories out. */
  @ParameterizedTest
  @ValueSource(strings = {"zip", "jar", "tar"})
  void directoriesThatAreOnlyImpliedAreThere(String scheme) throws IOException {
    Path file =
        scheme.equals("tar")
            ? tar(scratch.resolve("x.tar"), "tar", Item.file("d/e/f", "d/e/f"), Item.file("g", "g"))
            : zip("d/e/f", "g");
    Folder archive = Folder.of(scheme + ":" + file);
    assertThat(archive.list())
        .extracting(entry -> entry.path().toString(), Entry::type, Entry::size)
        .containsExactly(tuple("d", Type.DIRECTORY, 0L), tuple("g", Type.FILE, 1L));
    assertThat(archive.list().getFirst().modified()).isEqualTo(Instant.EPOCH);
    assertThat(archive.find(entry -> true))
        .extracting(entry -> entry.path().toString(), Entry::type)
        .containsExactly(
            tuple("d", Type.DIRECTORY),
            tuple("d/e", Type.DIRECTORY),
            tuple("d/e/f", Type.FILE),
            tuple("g", Type.FILE));
    assertThat(archive.tree(9)).contains("└── e/", "└── f");
    Folder inner = archive.resolve("d/e");
    assertThat(inner.isDirectory()).isTrue();
    assertThat(inner.list()).hasSize(1);
    assertThat(archive.resolve("d").list()).hasSize(1);
    assertThat(inner.resolve("f").text()).isEqualTo("d/e/f");
    assertThatThrownBy(() -> archive.resolve("d").text()).hasMessageContaining("is a directory");
    assertThat(archive.copyTo(Folder.of(scratch).resolve("copy")).resolve("d/e/f").text())
        .isEqualTo("d/e/f");
    assertThat(archive.resolve("d").copyTo(Folder.of(scratch).resolve("d")).tree(9))
        .contains("e/", "f");
  }

  @Test
  void aPartIsCopied() throws IOException {
    Folder archive = Folder.of("tar:" + tar(scratch.resolve("x.tar"), "tar", TREE));
    Folder part = archive.resolve("usr").copyTo(Folder.of(scratch).resolve("usr"));
    assertThat(part.resolve("bin/tool").text()).isEqualTo("#!");
    Folder file = archive.resolve("usr/bin/tool").copyTo(Folder.of(scratch).resolve("tool"));
    assertThat(file.text()).isEqualTo("#!");
    assertFails(archive.resolve("no"), "no such file in there");
  }

  @ParameterizedTest
  @CsvSource({
    "../evil",
    "a/../../evil",
    "a/..",
    "/../evil",
  })
  void aNameThatLeadsOutIsRefused(String name) throws IOException {
    assertFails(
        "tar:" + tar(scratch.resolve("x.tar"), "tar", Item.file(name, "evil")), "leads out");
    assertFails("zip:" + zip(name), "leads out");
  }

  @Test
  void nothingIsWrittenThroughALink() throws IOException {
    Path outside = Files.createDirectory(scratch.resolve("outside"));
    for (String to : new String[] {outside.toString(), "../outside", ".."}) {
      assertFails(
          "tar:"
              + tar(
                  scratch.resolve("x.tar"),
                  "tar",
                  Item.symlink("a", to),
                  Item.file("a/evil", "evil")),
          "it lies behind the symbolic link a");
    }
    assertThat(outside).isEmptyDirectory();
  }

  @Test
  void aLinkIsReplacedNotWrittenThrough() throws IOException {
    Path secret = Files.writeString(scratch.resolve("secret"), "mine");
    Path file =
        tar(
            scratch.resolve("x.tar"),
            "tar",
            Item.symlink("a", secret.toString()),
            Item.file("a", "evil"));
    Folder.of("tar:" + file).copyTo(Folder.of(scratch).resolve("copy"));
    assertThat(secret).hasContent("mine");
    assertThat(scratch.resolve("copy/a")).hasContent("evil").isRegularFile();
  }

  @Test
  void aHardLinkToTheOutsideIsRefused() throws IOException {
    Files.writeString(scratch.resolve("secret"), "mine");
    assertFails(
        "tar:" + tar(scratch.resolve("x.tar"), "tar", Item.link("a", "../secret")), "leads out");
    assertFails(
        "tar:"
            + tar(
                scratch.resolve("x.tar"),
                "tar",
                Item.symlink("l", scratch.toString()),
                Item.link("a", "l/secret")),
        "symbolic link l");
  }

  @Test
  void whatIsNoArchiveSaysSo() throws IOException {
    Path text = Files.writeString(scratch.resolve("text"), "no archive at all".repeat(100));
    for (String scheme : PathOrUri.ARCHIVES) {
      Folder archive = Folder.of(scheme + ":" + text);
      assertThatThrownBy(archive::list)
          .isInstanceOf(MicaException.class)
          .hasMessageStartingWith("cannot list " + scheme + ":" + text + "!/: ")
          .hasMessageNotContaining("\n");
      assertFails(archive, text.toString());
    }
  }

  @Test
  void nothingStaysBehind() throws IOException {
    Folder archive = Folder.of("tgz:" + tar(scratch.resolve("x.tgz"), "tgz", TREE));
    long before = scratchOfVfs();
    archive.list();
    assertThat(scratchOfVfs()).isEqualTo(before);
  }

  private static long scratchOfVfs() throws IOException {
    try (Stream<Path> all = Files.list(Path.of(System.getProperty("java.io.tmpdir")))) {
      return all.filter(path -> path.getFileName().toString().startsWith("mica-vfs-")).count();
    }
  }

  private void assertFails(String uri, String why) {
    assertFails(Folder.of(uri), why);
  }

  /** One line, and neither a copy nor anything beside it. */
  private void assertFails(Folder archive, String why) {
    Folder target = Folder.of(scratch).resolve("target");
    assertThatThrownBy(() -> archive.copyTo(target))
        .isInstanceOf(MicaException.class)
        .hasMessageContaining(why)
        .hasMessageNotContaining("\n");
    assertThat(target.exists()).isFalse();
    assertThat(scratch.resolve("evil")).doesNotExist();
  }

  private static Path tar(Path file, String scheme, Item... items) throws IOException {
    try (OutputStream raw = Files.newOutputStream(file);
        OutputStream packed = packed(scheme, raw);
        TarArchiveOutputStream tar = new TarArchiveOutputStream(packed, "UTF-8")) {
      tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
      for (Item item : items) {
        TarArchiveEntry entry = new TarArchiveEntry(item.name(), item.kind(), true);
        byte[] text = item.text().getBytes(UTF_8);
        entry.setSize(text.length);
        entry.setMode(item.kind() == TarConstants.LF_SYMLINK ? 0777 : 0640);
        entry.setLastModifiedTime(TIME);
        if (item.link() != null) {
          entry.setLinkName(item.link());
        }
        tar.putArchiveEntry(entry);
        tar.write(text);
        tar.closeArchiveEntry();
      }
    }
    return file;
  }

  private static OutputStream packed(String scheme, OutputStream raw) throws IOException {
    return switch (scheme) {
      case "tgz" -> new GZIPOutputStream(raw);
      case "tbz2" -> new BZip2CompressorOutputStream(raw);
      default -> raw;
    };
  }

  /** Each file holds its own name. */
  private Path zip(String... names) throws IOException {
    Path file = scratch.resolve("x.zip");
    try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(file))) {
      for (String name : names) {
        zip.putNextEntry(new ZipEntry(name));
        zip.write(name.endsWith("/") ? new byte[0] : name.getBytes(UTF_8));
        zip.closeEntry();
      }
    }
    return file;
  }
}
