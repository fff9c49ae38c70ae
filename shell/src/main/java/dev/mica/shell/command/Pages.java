package dev.mica.shell.command;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * What else speaks of the commands, made of the same table as their help: manual pages, and the
 * lines that completion in other shells reads. Started by the build only.
 */
final class Pages {
  private Pages() {}

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
    Files.write(directory.resolve("commands.txt"), CommandLines.of(commands));
  }
}
