package dev.mica.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mica.failure.MicaException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The binding; what the core does with symlinks, and while they change, its own tests try. */
@SuppressWarnings("NullAway.Init") // JUnit sets the fields
final class FilesBelowTest {
  @TempDir Path temp;
  private Path in;
  private OpenDirectory directory;
  private FilesBelow files;

  @BeforeEach
  void open() throws IOException {
    in = Files.createDirectory(temp.resolve("in"));
    Files.createDirectory(temp.resolve("out"));
    Files.writeString(temp.resolve("out/secret"), "outside");
    Files.createSymbolicLink(in.resolve("leads"), Path.of("../out"));
    directory = OpenDirectory.of(in);
    files = new FilesBelow(directory, "/folders/in/");
  }

  @AfterEach
  void close() {
    directory.close();
  }

  private FilesBelow.At at(String path) {
    return files.at(path.getBytes(StandardCharsets.UTF_8));
  }

  private OpenFile open(String path, OpenFlag first, OpenFlag... more) {
    return FilesBelow.open(at(path), EnumSet.of(first, more), 0600);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  @Test
  void aFileIsWrittenReadAndChanged() throws IOException {
    try (OpenFile file = open("a", OpenFlag.READ, OpenFlag.WRITE, OpenFlag.CREATE)) {
      file.write(0, bytes("some text"));
      file.sync();
      assertThat(file.read(5, 100)).isEqualTo(bytes("text"));
      assertThat(file.read(9, 100)).isEmpty();
      file.change(
          new FileChange(
              OptionalLong.of(4),
              Optional.empty(),
              OptionalInt.of(0640),
              Optional.of(new FileChange.Times(5, 6))),
          false);
      assertThat(file.status())
          .isEqualTo(new FileStatus(4, 5, 6, 0100640, owner("unix:uid"), owner("unix:gid"), 1));
      assertThat(file.space().nameMax()).isEqualTo(255);
    }
    assertThat(in.resolve("a")).hasContent("some");
    assertThat(Files.getLastModifiedTime(in.resolve("a"))).isEqualTo(FileTime.fromMillis(6000));
  }

  private int owner(String attribute) throws IOException {
    return (int) Files.getAttribute(in.resolve("a"), attribute);
  }

  @Test
  void aFileIsCopiedLinkedRenamedAndRemoved() throws IOException {
    Files.writeString(in.resolve("a"), "some text");
    try (OpenFile from = open("a", OpenFlag.READ);
        OpenFile to = open("b", OpenFlag.WRITE, OpenFlag.CREATE)) {
      assertThat(from.copyTo(to, 5, 100, 0)).isEqualTo(4);
    }
    FilesBelow.makeDirectory(at("d"), 0755);
    FilesBelow.link(at("b"), at("d/b"));
    FilesBelow.rename(at("a"), at("b"), true);
    FilesBelow.makeLink(at("l"), bytes("b"));
    try (OpenFile link = open("l", OpenFlag.ENTRY, OpenFlag.NOFOLLOW)) {
      assertThat(link.linkText()).isEqualTo(bytes("b"));
    }
    FilesBelow.remove(at("leads"), false);
    assertThat(in.resolve("l")).hasContent("some text");
    assertThat(in.resolve("d/b")).hasContent("text");
    assertThat(temp.resolve("out/secret")).hasContent("outside");
  }

  @Test
  void allNamesAreListed() throws IOException {
    byte[] odd = {'o', (byte) 0xff};
    FilesBelow.makeLink(files.at(odd), bytes("nowhere"));
    Set<String> all = new HashSet<>(Set.of("leads", "o\u00ff"));
    for (int i = 0; i < 1000; i++) {
      Files.createFile(in.resolve("name" + i));
      all.add("name" + i);
    }
    Set<String> found = new HashSet<>();
    try (OpenFile list = open(".", OpenFlag.LIST)) {
      for (List<OpenFile.Entry> next = list.next(); !next.isEmpty(); next = list.next()) {
        next.forEach(entry -> found.add(new String(entry.name(), StandardCharsets.ISO_8859_1)));
      }
    }
    assertThat(found).isEqualTo(all);
  }

  @ParameterizedTest
  @ValueSource(strings = {"leads", "leads/secret", "..", "/etc"})
  void nothingLeadsOut(String path) {
    assertThatThrownBy(() -> open(path, OpenFlag.ENTRY))
        .isInstanceOf(MicaException.class)
        .hasMessage(
            "cannot open /folders/in/"
                + path
                + ": Invalid cross-device link, it leads out of the folder (follow)");
  }

  @Test
  void aZeroByteEndsNoName() {
    assertThatThrownBy(() -> at("a\0b")).hasMessageContaining("zero byte");
  }
}
