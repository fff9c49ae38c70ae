package dev.mica.audit;

import dev.mica.audit.LineText.Link;
import dev.mica.state.Durable;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A note beside the files of the audit, by which one sees that lines at the end or the oldest files
 * are missing. It is written in place, which needs no room on a full file system.
 *
 * @param first the number of the first line that has not been removed to make room
 * @param last the last line
 * @param lost how many lines could not be written since
 * @param since when the first of these was to be written; "" if there is none
 */
record Head(long first, Link last, long lost, String since) {
  static final Head NEW = new Head(1, Link.BEFORE_FIRST, 0, "");

  private static final String NAME = "last";
  private static final int SIZE = 256;

  static Path file(Path directory) {
    return directory.resolve(NAME);
  }

  /** The note; empty if it is missing or damaged. */
  static Optional<Head> read(Path directory) throws IOException {
    Path file = file(directory);
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    try {
      JsonNode json = JsonMapper.shared().readTree(Files.readAllBytes(file));
      return Optional.of(
          new Head(
              json.required("first").asLong(),
              new Link(json.required("number").asLong(), json.required("hash").asString()),
              json.required("lost").asLong(),
              json.required("since").asString()));
    } catch (JacksonException damaged) {
      return Optional.empty();
    }
  }

  void write(Path directory) throws IOException {
    Path file = file(directory);
    if (!Files.exists(file)) {
      Files.createFile(
          file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      Durable.syncParent(file);
    }
    String json =
        JsonMapper.shared()
            .createObjectNode()
            .put("first", first)
            .put("number", last.number())
            .put("hash", last.hash())
            .put("lost", lost)
            .put("since", since)
            .toString();
    byte[] said = json.getBytes(StandardCharsets.UTF_8);
    byte[] text = Arrays.copyOf(said, SIZE);
    Arrays.fill(text, said.length, SIZE, (byte) ' ');
    text[SIZE - 1] = '\n';
    try (RandomAccessFile out = new RandomAccessFile(file.toFile(), "rw")) {
      out.write(text);
    }
  }

  Head with(Link written) {
    return new Head(first, written, 0, "");
  }

  Head from(long oldest) {
    return new Head(oldest, last, lost, since);
  }

  Head losing(String time) {
    return new Head(first, last, lost + 1, lost == 0 ? time : since);
  }
}
