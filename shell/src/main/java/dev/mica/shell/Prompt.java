package dev.mica.shell;

import dev.mica.Mica;
import dev.mica.scripting.Engine;
import dev.mica.scripting.Evaluation;
import dev.mica.scripting.Session;
import java.io.IOError;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.regex.Pattern;
import org.jline.reader.EndOfFileException;
import org.jline.reader.LineReader;
import org.jline.reader.UserInterruptException;
import org.jline.terminal.Terminal;
import org.jline.utils.InfoCmp.Capability;
import org.jspecify.annotations.Nullable;

/** The conversation: reads a line, does it, shows what came of it, until the user leaves. */
final class Prompt {
  private static final Pattern PASTE_MARKS = Pattern.compile("\u001b\\[20[01]~");

  private final Terminal terminal;
  private final Keyboard keyboard;
  private final Session session;
  private final PrintStream out;
  private final Errors errors;
  private final LineReader reader;
  private final ProgressLine progress;
  private final AtomicBoolean attached = new AtomicBoolean();
  private final Seat seat;
  private boolean java;
  private boolean over;
  private volatile boolean pressed;
  private volatile @Nullable Evaluation<?> running;

  Prompt(Terminal terminal, Mica mica, Path history) throws IOException {
    this.terminal = terminal;
    this.keyboard = new Keyboard(terminal);
    this.seat = new TerminalSeat(terminal, attached);
    this.out = new PrintStream(terminal.output(), true, StandardCharsets.UTF_8);
    this.session = new Session(mica, out, value -> printer().show(value));
    this.errors = new Errors(out, "");
    this.progress = new ProgressLine(out, () -> terminal.getSize().getColumns());
    this.reader = Readers.build(terminal, session, this::engine, history);
    terminal.handle(Terminal.Signal.INT, signal -> interrupt());
  }

  /** Holds the conversation at the process's own terminal; returns the exit status. */
  static int run(Mica mica, Streams streams) throws IOException {
    if (!Terminals.isInteractive()) {
      return new Piped(mica, streams).run(System.in);
    }
    try (Terminal terminal = Readers.terminal(streams.err())) {
      return new Prompt(terminal, mica, mica.home().resolve("history")).run();
    }
  }

  private Printer printer() {
    return new Printer(output());
  }

  private Output output() {
    boolean colour =
        Terminals.wantsColour() && terminal.getStringCapability(Capability.set_a_foreground) != null;
    return new Output(terminal.writer(), new Page(terminal.getSize().getColumns(), colour), seat);
  }

  private Engine engine() {
    return java ? session.java() : session.groovy();
  }

  int run() {
    while (!over) {
      pressed = false;
      try {
        keyboard.restore();
        String line = reader.readLine(java ? "java> " : "mica> ");
        pressed |=
            Thread.interrupted(); // by the line editor's own hearing of a Ctrl-C behind Enter
        keep(keyboard.typedBehind());
        line(line);
      } catch (UserInterruptException cleared) {
        errors.forget(); // Ctrl-C drops the line being typed, nothing failed
      } catch (EndOfFileException | IOError | IOException left) { // Ctrl-D, or no terminal
        break;
      }
    }
    return 0;
  }

  /** For the next line, but for what came before a Ctrl-C and for the marks of a paste. */
  private void keep(String typed) {
    int interrupted = typed.lastIndexOf(keyboard.interrupt());
    pressed |= interrupted >= 0;
    reader.runMacro(PASTE_MARKS.matcher(typed.substring(interrupted + 1)).replaceAll(""));
  }

  private void line(String line) {
    if (line.isBlank()) {
      return;
    }
    try {
      switch (LineKind.of(line, session.variableNames())) {
        case META -> meta(ShellWords.of(line.strip().replaceFirst("^:", "")).texts());
        case COMMAND -> work(() -> command(line));
        case LANGUAGE -> work(() -> evaluate(line));
      }
    } catch (Work.LeftBehind stubborn) {
      out.println("cancelled; the script does not stop, it is interrupted until it does");
    } catch (Throwable failure) {
      errors.report(failure);
    }
  }

  private void work(Runnable what) throws InterruptedException, IOException, Work.LeftBehind {
    Children children = Children.ofLine();
    Evaluation<Boolean> evaluation =
        Work.start(() -> {
          what.run();
          return true;
        });
    running = evaluation;
    try {
      if (pressed) {
        evaluation.cancel();
      }
      new Work(progress, keyboard::refuse).await(evaluation);
    } finally {
      running = null;
      if (evaluation.isCancelled()) {
        children.end();
      }
    }
  }

  /**
   * Ctrl-C as a signal, which it is while something runs; JLine also makes one of the key itself.
   */
  private void interrupt() {
    if (attached.get()) {
      return;
    }
    pressed = true;
    Evaluation<?> stopping = running;
    if (stopping != null) {
      stopping.cancel();
    }
  }

  private void command(String line) {
    new Dispatch(session.mica(), output(), out::println).run(LineKind.words(line));
  }

  private void evaluate(String line) {
    if (!java) {
      Unknown.refuse(line, session);
    }
    Object value = engine().evaluate(line);
    session.variables().put("_", value);
    printer().show(value);
  }

  private void meta(List<String> words) throws InterruptedException, IOException, Work.LeftBehind {
    List<String> rest = words.isEmpty() ? words : words.subList(1, words.size());
    switch (words.isEmpty() ? "" : words.getFirst()) {
      case "help", "h", "?" -> work(() -> help(rest));
      case "trace" -> errors.trace();
      case "quit", "exit", "q" -> over = true;
      case "java" -> java = true;
      case "groovy" -> java = false;
      default ->
          throw new CommandLineException(
              "there is no :"
                  + (words.isEmpty() ? "" : words.getFirst())
                  + "; there are :help :trace :java :groovy :quit");
    }
  }

  private void help(List<String> words) {
    output().print(words.isEmpty() ? HelpText.promptOverview() : HelpText.of(words), Format.TABLE);
  }
}
