package dev.mica.shell.prompt;

import dev.mica.Mica;
import dev.mica.job.Activity;
import dev.mica.scripting.Session;
import dev.mica.scripting.run.Evaluation;
import dev.mica.scripting.run.ScriptEngine;
import dev.mica.shell.attach.Attachment;
import dev.mica.shell.attach.Children;
import dev.mica.shell.attach.Client;
import dev.mica.shell.attach.Keyboard;
import dev.mica.shell.attach.SignalBarrier;
import dev.mica.shell.attach.Streams;
import dev.mica.shell.attach.TerminalClient;
import dev.mica.shell.attach.TerminalFormat;
import dev.mica.shell.attach.Terminals;
import dev.mica.shell.command.CommandLineException;
import dev.mica.shell.command.Conversation;
import dev.mica.shell.command.HelpText;
import dev.mica.shell.command.LineKind;
import dev.mica.shell.command.ShellWords;
import dev.mica.shell.print.Cells;
import dev.mica.shell.print.Format;
import dev.mica.shell.print.Output;
import dev.mica.shell.print.ProgressLine;
import java.io.FilterOutputStream;
import java.io.IOError;
import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.PrintStream;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.regex.Pattern;
import org.jline.reader.EndOfFileException;
import org.jline.reader.UserInterruptException;
import org.jline.terminal.Terminal;
import org.jline.utils.InfoCmp.Capability;
import org.jspecify.annotations.Nullable;

/** The conversation: reads a line, runs it, shows the result, and so on until the user leaves. */
public final class Prompt {
  private static final Pattern PASTE_MARKS = Pattern.compile("\u001b\\[20[01]~");

  private final Terminal terminal;
  private final Keyboard keyboard;
  private final Mica mica;

  /** For the process's own terminal, which also has signals, and programs that the line starts. */
  private final @Nullable SignalBarrier barrier;

  private final Conversation conversation;
  private final PromptJobs jobs;
  private final PrintStream out;
  private final Errors errors;
  private final Lines lines;
  private volatile @Nullable ProgressLine progress;
  private final AtomicBoolean attached = new AtomicBoolean();
  private final Queue<String> ended = new ConcurrentLinkedQueue<>();
  private final Client client;
  private volatile boolean over;
  private volatile boolean pressed;
  private volatile @Nullable Evaluation<?> running;
  private volatile @Nullable String work;

  private Prompt(Terminal terminal, Mica mica, Path history, @Nullable SignalBarrier barrier)
      throws IOException {
    this.terminal = terminal;
    this.mica = mica;
    this.barrier = barrier;
    this.keyboard = new Keyboard(terminal);
    TerminalClient taken = new TerminalClient(terminal, attached);
    this.client = new AtTerminal(taken);
    this.out =
        new PrintStream(
            Evaluation.guard(new Data(terminal.output())), true, StandardCharsets.UTF_8);
    this.jobs = new PromptJobs(mica, new Background(barrier != null));
    this.conversation =
        new Conversation(() -> mica, out, this::output, out::println).detaching(jobs);
    this.errors = new Errors(out, "");
    this.lines = Readers.lines(terminal, conversation, history);
    terminal.handle(Terminal.Signal.INT, signal -> interrupt());
  }

  /** Ends the progress line before something has the terminal. */
  private final class AtTerminal implements Client {
    private final Client taken;

    AtTerminal(Client taken) {
      this.taken = taken;
    }

    @Override
    public boolean hasTerminal() {
      return true;
    }

    @Override
    public int attach(Attachment what, Writer data) throws IOException {
      endProgress();
      return taken.attach(what, data);
    }
  }

  /** A conversation with a user at the other end of a channel, who has a terminal there. */
  public static Prompt ofChannel(Terminal terminal, Mica mica, Path history) throws IOException {
    return new Prompt(terminal, mica, history, null);
  }

  /** The conversation of the process's own terminal. */
  static Prompt ofProcess(Terminal terminal, Mica mica, Path history) throws IOException {
    return new Prompt(terminal, mica, history, new SignalBarrier());
  }

  /** Holds the conversation at the process's own terminal; returns the exit status. */
  public static int run(Mica mica, Streams streams) throws IOException, InterruptedException {
    try (Terminal terminal = Terminals.open(streams.err())) {
      Prompt prompt = ofProcess(terminal, mica, mica.home().resolve("history"));
      System.setOut(prompt.out);
      System.setErr(new PrintStream(Evaluation.guard(streams.err()), true));
      int status = prompt.run();
      prompt.jobs.end();
      return status;
    }
  }

  private Output output() {
    boolean colour =
        Terminals.wantsColour(mica.caller().environment())
            && terminal.getStringCapability(Capability.set_a_foreground) != null;
    Writer data = new OutputStreamWriter(out, StandardCharsets.UTF_8);
    return new Output(data, new TerminalFormat(terminal.getSize().getColumns(), colour), client);
  }

  /** Each line has its own progress line. A terminal that cannot erase one has none. */
  private @Nullable ProgressLine newProgress() {
    if (terminal.getStringCapability(Capability.clr_eol) == null) {
      return null;
    }
    PrintStream talk = new PrintStream(terminal.output(), true, StandardCharsets.UTF_8);
    return new ProgressLine(talk, () -> terminal.getSize().getColumns(), attached::get);
  }

  private void endProgress() {
    ProgressLine line = progress;
    if (line != null) {
      line.stop();
    }
  }

  /** Ends the progress line before anything is printed. After that it does not appear again. */
  private final class Data extends FilterOutputStream {
    Data(OutputStream terminal) {
      super(terminal);
    }

    @Override
    public void write(int b) throws IOException {
      write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int from, int length) throws IOException {
      endProgress();
      out.write(bytes, from, length);
    }
  }

  public int run() {
    while (!over) {
      tellEnded();
      try {
        keyboard.restore();
        if (barrier != null) {
          barrier.settle();
        }
        keep(lines.typed(keyboard));
        // Interruptions up to now were for the line before.
        pressed = false;
        Thread.interrupted();
        String line = lines.read(conversation.isJava() ? "java> " : "mica> ");
        // After Enter, when the terminal was the user's again and this thread still in the editor.
        pressed |= Thread.interrupted();
        keep(lines.typed(keyboard));
        line(line);
      } catch (UserInterruptException | InterruptedException cleared) {
        errors.forget(); // Ctrl-C drops the line being typed, nothing failed
      } catch (EndOfFileException left) { // Ctrl-D
        over = over || !stays();
      } catch (IOError | IOException gone) { // no terminal
        break;
      }
    }
    return 0;
  }

  /** Whether one who leaves is told first what ends with this process. */
  private boolean stays() {
    return barrier != null && jobs.holdBack(out::println);
  }

  /** What runs, without what could be secret; "" if nothing does. Any thread may ask. */
  public String running() {
    Evaluation<?> evaluation = running;
    String line = work;
    return evaluation == null
        ? ""
        : evaluation.activity().map(Activity::text).orElse(line == null ? Program.A_SCRIPT : line);
  }

  /** Shows what somebody else says; what the user is typing stays. Any thread may call it. */
  public void say(String line) {
    ProgressLine shown = progress;
    if (shown != null) {
      shown.clear();
    }
    lines.show(Cells.printable(line));
  }

  /** Ends the conversation and what runs in it, because the user at the terminal has left. */
  public void leave() {
    over = true;
    Evaluation<?> stopping = running;
    if (stopping != null) {
      stopping.cancel();
    }
  }

  /**
   * Prints the exit status of a program, as a shell shows it, because the program's output may not
   * say it.
   */
  private void tell(int status) {
    if (status != 0) {
      out.println("exit status " + status);
    }
  }

  /**
   * Keeps the typed keys for the next line, except those before a Ctrl-C and the marks of a paste.
   */
  private void keep(String typed) {
    int interrupted = typed.lastIndexOf(keyboard.interrupt());
    pressed |= interrupted >= 0;
    lines.keep(PASTE_MARKS.matcher(typed.substring(interrupted + 1)).replaceAll(""));
  }

  private void line(String line) {
    if (line.isBlank()) {
      return;
    }
    try {
      if (conversation.kind(line) == LineKind.META) {
        meta(line, ShellWords.of(line.strip().replaceFirst("^:", "")).texts());
      } else {
        work(line, name(line), () -> tell(conversation.line(line)));
      }
    } catch (Work.Endless stubborn) {
      out.println("cancelled; it does not stop, and goes on alone and unheard: " + excerpt(line));
    } catch (Throwable failure) {
      errors.report(failure);
    }
  }

  /** Prints which cancelled lines have ended since the last line. */
  private void tellEnded() {
    jobs.tellEnded(out::println);
    for (String line = ended.poll(); line != null; line = ended.poll()) {
      out.println("has ended now: " + excerpt(line));
    }
  }

  private static String excerpt(String line) {
    return Cells.cut(Cells.printable(line.strip().lines().findFirst().orElse("")), 60);
  }

  /**
   * Runs a line. {@code name} is shown as progress if the work does not say what it does; null:
   * nothing is shown.
   */
  private void work(String line, @Nullable String name, Runnable what)
      throws InterruptedException, IOException, Work.Endless {
    ProgressLine shown = newProgress();
    progress = shown;
    work = name;
    @Nullable Children children = barrier == null ? null : Children.ofLine();
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
      new Work(shown, name, () -> {}, keyboard::refuse).await(evaluation);
    } catch (Work.Endless stubborn) {
      evaluation.abandon(() -> ended.add(line));
      throw stubborn;
    } finally {
      running = null;
      if (children != null && evaluation.isCancelled()) {
        children.end();
      }
    }
  }

  /**
   * Handles Ctrl-C as a signal, which it is while something runs; for the key itself JLine also
   * makes a signal.
   */
  private void interrupt() {
    if (attached.get() || lines.drop()) {
      return;
    }
    pressed = true;
    Evaluation<?> stopping = running;
    if (stopping != null) {
      stopping.cancel();
    }
  }

  private @Nullable String name(String line) {
    return conversation.kind(line) == LineKind.COMMAND
        ? Conversation.nameOf(LineKind.words(line))
        : null;
  }

  private void meta(String line, List<String> words)
      throws InterruptedException, IOException, Work.Endless {
    List<String> rest = words.isEmpty() ? words : words.subList(1, words.size());
    switch (words.isEmpty() ? "" : words.getFirst()) {
      case "help", "h", "?" -> work(line, null, () -> help(rest));
      case "trace" -> work(line, null, errors::trace); // an exception's own code makes its text
      case "quit", "exit", "q" -> over = !stays();
      case "java" -> {
        ScriptEngine java = conversation.session().java();
        work(line, null, java::warm); // here, where Ctrl-C ends the waiting
        conversation.useJava(true);
      }
      case "groovy" -> conversation.useJava(false);
      case "reset" -> reset();
      default ->
          throw new CommandLineException(
              "there is no :"
                  + (words.isEmpty() ? "" : words.getFirst())
                  + "; there are :help :trace :java :groovy :reset :quit");
    }
  }

  private void reset() {
    Session.Reset reset = conversation.session().reset();
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
