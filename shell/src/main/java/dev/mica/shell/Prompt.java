package dev.mica.shell;

import dev.mica.Mica;
import dev.mica.scripting.Engine;
import dev.mica.scripting.Evaluation;
import dev.mica.scripting.Session;
import java.io.IOError;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jline.reader.EndOfFileException;
import org.jline.reader.LineReader;
import org.jline.reader.UserInterruptException;
import org.jline.terminal.Attributes;
import org.jline.terminal.Terminal;
import org.jline.utils.InfoCmp.Capability;
import org.jspecify.annotations.Nullable;

/** The conversation: reads a line, does it, shows what came of it, until the user leaves. */
final class Prompt {
  private static final int CTRL_C = 3;

  private final Terminal terminal;
  private final Session session;
  private final PrintStream out;
  private final Errors errors;
  private final LineReader reader;
  private final ProgressLine progress;
  private final AtomicBoolean attached = new AtomicBoolean();
  private final Queue<String> ended = new ConcurrentLinkedQueue<>();
  private final Seat seat;
  private boolean java;
  private boolean over;
  private volatile boolean pressed;
  private volatile @Nullable Evaluation<?> running;

  Prompt(Terminal terminal, Mica mica, Path history) {
    this.terminal = terminal;
    this.seat = new TerminalSeat(terminal, attached);
    this.out = new PrintStream(Evaluation.guard(terminal.output()), true, StandardCharsets.UTF_8);
    this.session = new Session(mica, out, value -> printer().show(value));
    this.errors = new Errors(out, "");
    this.progress = new ProgressLine(out, () -> terminal.getSize().getColumns());
    this.reader = Readers.build(terminal, session, this::engine, history);
    leaveEditingToUs();
    terminal.handle(Terminal.Signal.INT, signal -> interrupt());
  }

  /**
   * Keeps the kernel from editing lines while something runs. If it did, a Ctrl-C that was typed
   * while the line editor still had the terminal would be a key in a line that nobody ends.
   */
  private void leaveEditingToUs() {
    Attributes attributes = terminal.getAttributes();
    attributes.setLocalFlag(Attributes.LocalFlag.ICANON, false);
    attributes.setLocalFlag(Attributes.LocalFlag.ISIG, true);
    attributes.setControlChar(Attributes.ControlChar.VMIN, 1);
    attributes.setControlChar(Attributes.ControlChar.VTIME, 0);
    terminal.setAttributes(attributes);
  }

  /** Holds the conversation at the process's own terminal; returns the exit status. */
  static int run(Mica mica, Streams streams) throws IOException, InterruptedException {
    if (!Terminals.isInteractive()) {
      return new Piped(mica, streams).run(System.in);
    }
    try (Terminal terminal = Readers.terminal(streams.err())) {
      Prompt prompt = new Prompt(terminal, mica, mica.home().resolve("history"));
      System.setOut(prompt.out);
      System.setErr(new PrintStream(Evaluation.guard(streams.err()), true));
      return prompt.run();
    }
  }

  private Printer printer() {
    return new Printer(output());
  }

  private Output output() {
    boolean colour = terminal.getStringCapability(Capability.set_a_foreground) != null;
    Page page = new Page(terminal.getSize().getColumns(), colour);
    return new Output(new OutputStreamWriter(out, StandardCharsets.UTF_8), page, seat);
  }

  private Engine engine() {
    return java ? session.java() : session.groovy();
  }

  int run() {
    while (!over) {
      pressed = false;
      tellEnded();
      try {
        String line = reader.readLine(java ? "java> " : "mica> ");
        pressed |=
            Thread.interrupted(); // by the line editor's own hearing of a Ctrl-C behind Enter
        line(line);
      } catch (UserInterruptException cleared) {
        errors.forget(); // Ctrl-C drops the line being typed, nothing failed
      } catch (EndOfFileException | IOError left) { // Ctrl-D, or the terminal is gone
        break;
      }
    }
    return 0;
  }

  private void line(String line) {
    if (line.isBlank()) {
      return;
    }
    try {
      switch (LineKind.of(line, session.variableNames())) {
        case META -> meta(line, ShellWords.of(line.strip().replaceFirst("^:", "")).texts());
        case COMMAND -> work(line, () -> command(line));
        case LANGUAGE -> work(line, () -> evaluate(line));
      }
    } catch (Work.Endless stubborn) {
      out.println("cancelled; it does not stop, and goes on alone and unheard: " + excerpt(line));
    } catch (Throwable failure) {
      errors.report(failure);
    }
  }

  /** What was cancelled and has ended since the last line. */
  private void tellEnded() {
    for (String line = ended.poll(); line != null; line = ended.poll()) {
      out.println("has ended now: " + excerpt(line));
    }
  }

  private static String excerpt(String line) {
    return Cells.cut(Cells.printable(line.strip().lines().findFirst().orElse("")), 60);
  }

  private void work(String line, Runnable what)
      throws InterruptedException, IOException, Work.Endless {
    Evaluation<Boolean> evaluation =
        Evaluation.start(() -> {
          what.run();
          return true;
        });
    running = evaluation;
    try {
      if (pressed) {
        evaluation.cancel();
      }
      new Work(progress, () -> cancelIfTyped(evaluation)).await(evaluation);
    } catch (Work.Endless stubborn) {
      evaluation.abandon(() -> ended.add(line));
      throw stubborn;
    } finally {
      running = null;
    }
  }

  /**
   * Hears a Ctrl-C that came right behind Enter: while the line editor has the terminal it is a key
   * like any other, and waits to be read.
   */
  private void cancelIfTyped(Evaluation<?> evaluation) {
    try {
      if (!attached.get() && terminal.reader().peek(1) == CTRL_C) {
        terminal.reader().read();
        evaluation.cancel();
      }
    } catch (IOException gone) {
      evaluation.cancel(); // nobody is there to wait for it
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

  private void meta(String line, List<String> words)
      throws InterruptedException, IOException, Work.Endless {
    List<String> rest = words.isEmpty() ? words : words.subList(1, words.size());
    switch (words.isEmpty() ? "" : words.getFirst()) {
      case "help", "h", "?" -> work(line, () -> help(rest));
      case "trace" -> work(line, errors::trace); // an exception's own code makes its text
      case "quit", "exit", "q" -> over = true;
      case "java" -> {
        work(line, () -> session.java().warm()); // here, where Ctrl-C ends the waiting
        java = true;
      }
      case "groovy" -> java = false;
      case "reset" -> reset();
      default ->
          throw new CommandLineException(
              "there is no :"
                  + (words.isEmpty() ? "" : words.getFirst())
                  + "; there are :help :trace :java :groovy :reset :quit");
    }
  }

  private void reset() {
    Session.Reset reset = session.reset();
    errors.forget();
    out.println("started anew, with these variables: " + names(reset.kept()));
    if (!reset.dropped().isEmpty()) {
      out.println("gone, for what they are was declared here: " + names(reset.dropped()));
    }
  }

  private static String names(List<String> names) {
    return names.isEmpty() ? "none" : String.join(", ", names);
  }

  private void help(List<String> words) {
    output().print(words.isEmpty() ? HelpText.promptOverview() : HelpText.of(words), Format.TABLE);
  }
}
