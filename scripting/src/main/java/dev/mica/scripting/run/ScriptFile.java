package dev.mica.scripting.run;

import dev.mica.failure.Why;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Reads the text of scripts. */
public final class ScriptFile {
  private static final String BYTE_ORDER_MARK = "\uFEFF";

  private ScriptFile() {}

  /** The text of a script file; fails in the user's words if it cannot be read. */
  public static String read(Path file) {
    try {
      return withoutMark(Files.readString(file, StandardCharsets.UTF_8));
    } catch (AccessDeniedException why) {
      String toDo = "; run it as root, or as the owner";
      throw new ScriptException(
          "cannot run " + file + ": " + Why.of(why) + toDo, List.of(), 3, why);
    } catch (IOException why) {
      String reason = Files.isDirectory(file) ? "it is a directory" : Why.of(why);
      throw new ScriptException("cannot run " + file + ": " + reason, List.of(), 2, why);
    }
  }

  /** {@code text} without the byte order mark that some editors put before it. */
  public static String withoutMark(String text) {
    return text.startsWith(BYTE_ORDER_MARK) ? text.substring(1) : text;
  }
}
