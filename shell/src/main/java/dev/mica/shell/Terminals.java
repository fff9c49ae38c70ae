package dev.mica.shell;

import java.io.Console;
import java.util.Optional;
import org.jline.nativ.CLibrary;
import org.jline.nativ.JLineNativeLoader;

/** Asks about terminals without building one. */
final class Terminals {
  private static final int STDOUT = 1;
  private static final int STDERR = 2;

  /** That of a terminal that nobody has given a size. */
  private static final int USUAL_WIDTH = 80;

  private Terminals() {}

  /** The page that standard output is; the native library is only loaded at a terminal. */
  static Page pageOfProcess() {
    if (!isInteractive() || !loaded() || CLibrary.isatty(STDOUT) == 0) {
      return Page.PLAIN;
    }
    int width = CLibrary.getTerminalWidth(STDOUT);
    return new Page(width > 0 ? width : USUAL_WIDTH, wantsColour() && !isDumb());
  }

  /** Whether the user has not said that there are to be none: no-color.org. */
  static boolean wantsColour() {
    String without = System.getenv("NO_COLOR");
    return without == null || without.isEmpty();
  }

  /** Whether the terminal only prints: it moves no cursor, and knows no colours. */
  static boolean isDumb() {
    String type = System.getenv("TERM");
    return type == null || type.isEmpty() || type.equals("dumb");
  }

  /** Whether somebody types, and reads what we print. */
  static boolean isInteractive() {
    return Optional.ofNullable(System.console()).map(Console::isTerminal).orElse(false);
  }

  static boolean isErrorTerminal() {
    return isInteractive() && !isDumb() && loaded() && CLibrary.isatty(STDERR) == 1;
  }

  static int errorWidth() {
    return CLibrary.getTerminalWidth(STDERR);
  }

  /** False where the library does not load: then nothing is known to be a terminal. */
  private static boolean loaded() {
    try {
      return JLineNativeLoader.initialize();
    } catch (RuntimeException | LinkageError absent) {
      return false;
    }
  }
}
