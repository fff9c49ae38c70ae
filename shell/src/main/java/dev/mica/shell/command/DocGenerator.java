package dev.mica.shell.command;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * Writes the manual pages, and the table that completion in other shells reads. Both are made of
 * the command table, as the help is. Only the build starts it.
 */
final class DocGenerator {
  private DocGenerator() {}

  /** Writes all of it to the directory {@code args[0]}. */
  public static void main(String[] args) throws IOException {
    write(Path.of(args[0]));
  }

  static void write(Path directory) throws IOException {
    List<Command> commands = CommandTable.get().all();
    Path man = Files.createDirectories(directory.resolve("man/man1"));
    for (Map.Entry<String, String> page : ManPages.of(commands).entrySet()) {
      Files.writeString(man.resolve(page.getKey()), page.getValue());
    }
    Files.write(directory.resolve("commands.txt"), CompletionTable.of(commands));
  }
}
