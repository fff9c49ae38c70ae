package dev.mica.shell.command;

import dev.mica.Mica;
import dev.mica.access.Caller;
import dev.mica.access.Role;
import dev.mica.background.Job;
import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import dev.mica.scripting.Session;
import dev.mica.scripting.run.ScriptEngine;
import dev.mica.scripting.run.ScriptFile;
import dev.mica.shell.print.Output;
import dev.mica.shell.print.Printer;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What the lines of one user do, wherever they come from: a prompt, a pipe, or the words behind
 * {@code mica}. What each does is decided here and in the table of commands only, so that they
 * cannot differ. Whoever holds it reads the lines, and decides on which thread they run.
 */
public final class Conversation {
  private static final int LONGEST_SCRIPT = 16 << 20;

  private final Supplier<Mica> opened;
  private final PrintStream out;
  private final Supplier<Output> output;
  private final Invocation.Talk talk;
  private @Nullable InputStream in;
  private Serving serving =
      (all, listen, compatible, recorded, said) -> {
        throw MicaException.usage("serve", "here", "it needs a process of its own")
            .hint("start it from a shell: mica serve");
      };
  private Detaching detaching =
      (all, what, words, repeatable) -> {
        throw MicaException.failed("run in the background", what, "this process ends at once")
            .hint("start a server, which goes on: mica serve");
      };
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

  /** Has {@code run -} read its script from {@code input}; this. */
  public Conversation reading(InputStream input) {
    in = input;
    return this;
  }

  /** Has {@code serve} do that; this. */
  public Conversation serving(Serving how) {
    serving = how;
    return this;
  }

  /** Has commands that are detached run so; this. */
  public Conversation detaching(Detaching how) {
    detaching = how;
    return this;
  }

  /** Begins a command as a job. */
  Job detach(String what, List<String> words, boolean repeatable) {
    return detaching.start(mica(), what, words, repeatable);
  }

  /** Where data are printed. */
  PrintStream out() {
    return out;
  }

  /** What a program sends to a command; fails where the lines that come in are commands. */
  InputStream input(String what) {
    InputStream input = in;
    if (input == null) {
      throw MicaException.usage(what, "the standard input", "the lines here are commands already");
    }
    return input;
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

  /**
   * What of a command's words stands behind {@code mica} may leave out: a script is run, and {@code
   * --help} and {@code --version} are commands.
   */
  public static List<String> wordsOf(List<String> args) {
    return switch (args.isEmpty() ? "" : args.getFirst()) {
      case "" -> args;
      case "--help", "-h" -> with("help", args.subList(1, args.size()));
      case "--version", "-V" -> with("version", args.subList(1, args.size()));
      case String first when isScript(first) -> with("run", args);
      default -> args;
    };
  }

  private static List<String> with(String verb, List<String> rest) {
    List<String> words = new ArrayList<>(rest);
    words.addFirst(verb);
    return words;
  }

  private static boolean isScript(String name) {
    boolean verb = CommandTable.get().isVerb(name);
    return !verb
        && !name.startsWith("-")
        && (name.endsWith(".groovy") || name.endsWith(".jsh") || name.contains("/"));
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

  /** The value of {@code source}, which is no command; only an admin may ask for it. */
  @Nullable Object evaluate(String source) {
    if (!java) {
      MistypedCommand.refuse(source, session());
    }
    requireAdmin();
    return mica().caller().script("run a line of the language", () -> engine().evaluate(source));
  }

  /** Nothing is opened for what everybody may. */
  void require(Command command) {
    if (command.role() != Role.VIEWER) {
      mica().caller().require(command.role(), "use the command", command.name());
    }
  }

  /** The engines ask, too; here before one is loaded. */
  private void requireAdmin() {
    mica().caller().require(Role.ADMIN, "run", "a line that is not a command");
  }

  /**
   * Runs the script {@code file}, in Java if its name ends in {@code .jsh}, else in Groovy. It is
   * called as it was named, which of this process's own caller is where it is.
   */
  void run(Path file, List<String> args) {
    requireAdmin();
    boolean jsh = file.toString().endsWith(".jsh");
    Caller caller = mica().caller();
    Path there = caller.isOfProcess() ? file : caller.folder().resolve(file);
    ScriptEngine engine = jsh ? session().java() : session().groovy();
    script("the script " + file, () -> engine.run(there, args));
  }

  private void script(String which, Runnable body) {
    mica()
        .caller()
        .script(
            "run " + which,
            () -> {
              body.run();
              return which;
            });
  }

  /** Runs the script that comes by the standard input, in Groovy. */
  void runInput(List<String> args) {
    requireAdmin();
    InputStream input = input("run");
    try {
      byte[] script = input.readNBytes(LONGEST_SCRIPT + 1);
      if (script.length > LONGEST_SCRIPT) {
        throw MicaException.usage(
            "run", "the standard input", "it has more than " + LONGEST_SCRIPT + " bytes");
      }
      String source = ScriptFile.withoutMark(new String(script, StandardCharsets.UTF_8));
      ScriptEngine groovy = session().groovy();
      script("a script of the standard input", () -> groovy.run("input.groovy", source, args));
    } catch (IOException broken) {
      throw MicaException.failed("read", "the standard input", Why.of(broken)).because(broken);
    }
  }

  /** Serves users; only a process that was started for that does. */
  int serve(String listen, boolean compatible, Set<Role> recorded) {
    return serving.serve(mica(), listen, compatible, recorded, talk);
  }

  private void show(@Nullable Object value) {
    new Printer(output.get()).show(value);
  }
}
