package dev.mica.shell;

import dev.mica.folder.Name;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The program's arguments with all their bytes. Java has U+FFFD for what is not UTF-8. */
final class Arguments {
  private Arguments() {}

  /** The arguments, as {@link Name#exactText} has them. */
  static List<String> exact(String[] args) {
    if (Arrays.stream(args).noneMatch(arg -> arg.indexOf('\uFFFD') >= 0)) {
      return List.of(args);
    }
    try {
      return last(Files.readAllBytes(Path.of("/proc/self/cmdline")), args);
    } catch (IOException noProc) {
      return List.of(args);
    }
  }

  /** The end of a command line; {@code args} where that is not what was started. */
  static List<String> last(byte[] commandLine, String[] args) {
    List<String> words = new ArrayList<>();
    int from = 0;
    for (int at = 0; at < commandLine.length; at++) {
      if (commandLine[at] == 0) {
        words.add(Name.of(Arrays.copyOfRange(commandLine, from, at)).exactText());
        from = at + 1;
      }
    }
    int before = words.size() - args.length;
    boolean ours = before >= 0;
    for (int i = 0; ours && i < args.length; i++) {
      ours = args[i].indexOf('\uFFFD') >= 0 || args[i].equals(words.get(before + i));
    }
    return ours ? words.subList(before, words.size()) : List.of(args);
  }
}
