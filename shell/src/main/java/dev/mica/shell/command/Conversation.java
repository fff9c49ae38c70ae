package dev.mica.shell.command;

import dev.mica.Mica;
import dev.mica.scripting.Session;
import dev.mica.scripting.run.ScriptEngine;
import dev.mica.shell.print.Output;
import dev.mica.shell.print.Printer;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What the lines of one user do, wherever they come from: a prompt, a pipe, or the words behind
 * {@code mica}. What each does is decided here and in the table of commands only, so that they
 * cannot differ. Whoever holds it reads the lines, and decides on which thread they run.
 */
public final class Conversation {
  private final Supplier<Mica> opened;
  private final PrintStream out;
  private final Supplier<Output> output;
  private final Invocation.Talk talk;
  private @Nullable Mica mica;
  private @Nullable Session session;
  private boolean java;

  /**
   * Nothing is opened before a line needs it.
   *
   * @param opened opens the objects
   * @param out where scripts print
   * @param output where data goes, asked for anew by each line
   * @param talk where people are told what is no data
   */
  public Conversation(
      Supplier<Mica> opened, PrintStream out, Supplier<Output> output, Invocation.Talk talk) {
    this.opened = opened;
    this.out = out;
    this.output = output;
    this.talk = talk;
  }

  /** Where data are printed. */
  PrintStream out() {
    return out;
  }

  /** The objects. */
  synchronized Mica mica() {
    if (mica == null) {
      mica = opened.get();
    }
    return mica;
  }

  /** The variables and the engines. */
  public synchronized Session session() {
    if (session == null) {
      session = new Session(mica(), out, this::show, talk::say);
    }
    return session;
  }

  private List<String> variables() {
    return session().variableNames();
  }

  /** What lines are in that are no commands. */
  public ScriptEngine engine() {
    return java ? session().java() : session().groovy();
  }

  /** Whether that is Java, and not Groovy. */
  public boolean isJava() {
    return java;
  }

  /** From the next line on, {@link #engine} is the one for Java, or again the one for Groovy. */
  public void useJava(boolean wanted) {
    java = wanted;
  }

  public LineKind kind(String line) {
    return LineKind.of(line, variables());
  }

  /** Whether more lines must follow, for it ends in the middle of something. */
  public boolean isIncomplete(String line) {
    return switch (kind(line)) {
      case META -> false;
      case COMMAND -> ShellWords.of(line).isIncomplete();
      case LANGUAGE -> engine().isIncomplete(line);
    };
  }

  /** What the work of {@code words} is called where it does not say itself what it does. */
  public static @Nullable String nameOf(List<String> words) {
    return CommandTable.get()
        .find(words)
        .map(command -> command.runsCode() ? null : command.name())
        .orElse(null);
  }

  /** Does a line, which is a command or of the language; returns the exit status. */
  public int line(String line) {
    if (kind(line) == LineKind.COMMAND) {
      return command(LineKind.words(line));
    }
    Object value = evaluate(line);
    session().variables().put("_", value);
    show(value);
    return 0;
  }

  /** Does the command {@code words}; returns the exit status. */
  public int command(List<String> words) {
    return new Dispatch(this, output.get(), talk).run(words);
  }

  /** The value of {@code source}, which is no command. */
  @Nullable Object evaluate(String source) {
    if (!java) {
      MistypedCommand.refuse(source, session());
    }
    return engine().evaluate(source);
  }

  /** Runs the script {@code file}, in Java if its name ends in {@code .jsh}, else in Groovy. */
  void run(Path file, List<String> args) {
    boolean jsh = file.toString().endsWith(".jsh");
    (jsh ? session().java() : session().groovy()).run(file, args);
  }

  private void show(@Nullable Object value) {
    new Printer(output.get()).show(value);
  }
}
