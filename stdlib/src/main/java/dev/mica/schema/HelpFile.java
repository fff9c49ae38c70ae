package dev.mica.schema;

import dev.mica.access.Role;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;

/**
 * The help of one room, a line for each member: {@code TYPE.NAME | ROLE | SUMMARY | EXAMPLE}. A
 * name with {@code ()} is called, one without is read; lines that begin with {@code #} say nothing.
 */
final class HelpFile {
  private static final String NAME = "help.txt";

  private HelpFile() {}

  /** The members of {@code type} in the file beside {@code room}, in its order. */
  static List<Member> members(Class<?> room, String type) {
    try (InputStream in = room.getResourceAsStream(NAME)) {
      if (in == null) {
        throw new IllegalStateException(NAME + " is missing beside " + room.getName());
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8)
          .lines()
          .filter(line -> line.startsWith(type + "."))
          .map(line -> parse(line.substring(type.length() + 1)))
          .toList();
    } catch (IOException unreadable) {
      throw new UncheckedIOException(unreadable);
    }
  }

  private static Member parse(String line) {
    String[] parts = line.split(" *\\| *", 4);
    if (parts.length != 4) {
      throw new IllegalStateException(NAME + ": not NAME | ROLE | SUMMARY | EXAMPLE: " + line);
    }
    boolean call = parts[0].endsWith("()");
    return new Member(
        call ? parts[0].substring(0, parts[0].length() - 2) : parts[0],
        !call,
        Role.valueOf(parts[1].toUpperCase(Locale.ROOT)),
        parts[2],
        parts[3].strip());
  }
}
