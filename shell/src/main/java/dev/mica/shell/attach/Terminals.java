package dev.mica.shell.attach;

import java.io.Console;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import org.jline.nativ.CLibrary;
import org.jline.nativ.JLineNativeLoader;
import org.jline.terminal.Size;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;
import org.jline.terminal.impl.ExternalTerminal;
import org.jline.terminal.spi.SystemStream;
import org.jline.terminal.spi.TerminalProvider;

/** The terminal of the process: asks about it without taking it, or takes it. */
public final class Terminals {
  private static final int STDOUT = 1;
  private static final int STDERR = 2;

  /** That of a terminal that nobody has given a size. */
  private static final int USUAL_WIDTH = 80;

  private static final int USUAL_HEIGHT = 24;

  private Terminals() {}

  /** The format of standard output. The native library is only loaded at a terminal. */
  static TerminalFormat formatOfProcess() {
    if (!isInteractive() || !loaded() || CLibrary.isatty(STDOUT) == 0) {
      return TerminalFormat.PLAIN;
    }
    return format(CLibrary.getTerminalWidth(STDOUT), type(), System.getenv());
  }

  /** The format of output for a terminal of that width, 0 if it has none, and that type. */
  public static TerminalFormat format(int width, String type, Map<String, String> environment) {
    return new TerminalFormat(
        width > 0 ? width : USUAL_WIDTH, wantsColour(environment) && !isDumb(type));
  }

  /** The size of a terminal; the usual one if nobody has given it any. */
  static Size size(int rows, int columns) {
    return columns <= 0 || rows <= 0 ? Size.of(USUAL_WIDTH, USUAL_HEIGHT) : Size.of(columns, rows);
  }

  /**
   * Takes the process's terminal. Probing it for graphemes costs a round trip for nothing we need.
   */
  public static Terminal open(PrintStream err) throws IOException {
    System.setProperty(TerminalBuilder.PROP_GRAPHEME_CLUSTER, "false");
    Terminal terminal = isDumb() ? plain() : driven(err);
    Size size = terminal.getSize();
    if (size.getColumns() <= 0 || size.getRows() <= 0) { // a pty nobody gave a size
      terminal.setSize(Size.of(USUAL_WIDTH, USUAL_HEIGHT));
    }
    return terminal;
  }

  /**
   * The terminal of somebody at the other end of a channel, whose keys come by {@code in}; what it
   * shows goes to {@code out}. Nothing of this process's own terminal is touched.
   */
  public static Terminal ofChannel(InputStream in, OutputStream out, String type, Size size)
      throws IOException {
    Terminal terminal = new ExternalTerminal("mica", type, in, out, StandardCharsets.UTF_8);
    terminal.setSize(size);
    return terminal;
  }

  private static Terminal driven(PrintStream err) throws IOException {
    Terminal terminal =
        TerminalBuilder.builder()
            .system(true)
            .providers("jni,exec")
            .dumb(true)
            .nativeSignals(true)
            .build();
    if (terminal.getType().startsWith(Terminal.TYPE_DUMB)) {
      err.println(
          "mica: the terminal cannot be driven, so there is no line editing; TERM is "
              + System.getenv("TERM"));
    }
    return terminal;
  }

  /** Not JLine's dumb terminal: that has no signals, no attributes and no size. */
  private static Terminal plain() throws IOException {
    return TerminalProvider.load("jni")
        .sysTerminal(
            "mica",
            Terminal.TYPE_DUMB,
            false,
            StandardCharsets.UTF_8,
            StandardCharsets.UTF_8,
            StandardCharsets.UTF_8,
            true,
            Terminal.SignalHandler.SIG_DFL,
            false,
            SystemStream.Output);
  }

  /** Whether the user has not said that there are to be none: no-color.org. */
  public static boolean wantsColour(Map<String, String> environment) {
    return environment.getOrDefault("NO_COLOR", "").isEmpty();
  }

  /** Whether the terminal only prints: it moves no cursor, and knows no colours. */
  static boolean isDumb() {
    return isDumb(type());
  }

  /** The same of a terminal of that type. */
  public static boolean isDumb(String type) {
    return type.isEmpty() || type.equals("dumb");
  }

  private static String type() {
    return System.getenv().getOrDefault("TERM", "");
  }

  /** Whether somebody types, and reads what we print. */
  public static boolean isInteractive() {
    return Optional.ofNullable(System.console()).map(Console::isTerminal).orElse(false);
  }

  public static boolean isErrorTerminal() {
    return isInteractive() && !isDumb() && loaded() && CLibrary.isatty(STDERR) == 1;
  }

  public static int errorWidth() {
    return CLibrary.getTerminalWidth(STDERR);
  }

  /** False where the library does not load: then nothing is known to be a terminal. */
  static boolean loaded() {
    try {
      return JLineNativeLoader.initialize();
    } catch (RuntimeException | LinkageError absent) {
      return false;
    }
  }
}
