package dev.mica.shell;

import dev.mica.Mica;
import dev.mica.MicaException;
import dev.mica.folder.Name;
import dev.mica.scripting.Engine;
import dev.mica.scripting.Session;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;

/**
 * What the arguments of the program mean. Nothing of Groovy is loaded before a script asks for it.
 */
final class App {
  private final Streams streams;
  private final Map<String, String> environment;
  private final Errors errors;

  App(Streams streams, Map<String, String> environment) {
    this.streams = streams;
    this.environment = environment;
    this.errors = new Errors(streams.err(), "mica: ");
  }

  /** Does it; returns the exit status. */
  int run(List<String> args) {
    if (args.isEmpty()) {
      return guard(() -> Prompt.run(mica(), streams));
    }
    List<String> rest = args.subList(1, args.size());
    return switch (args.getFirst()) {
      case "-e" -> program(null, () -> expression(rest));
      case "run" -> program(null, () -> script(rest));
      case "help", "--help", "-h" -> guard(() -> help(rest));
      case "version", "--version", "-V" -> guard(this::version);
      case String first when isScript(first) -> program(null, () -> script(args));
      default -> program(name(args), () -> command(args));
    };
  }

  private Mica mica() {
    return Mica.open(environment);
  }

  private static boolean isScript(String name) {
    boolean verb = CommandTable.get().isVerb(name);
    return !verb
        && (name.endsWith(".groovy")
            || name.endsWith(".jsh")
            || (name.contains("/") && Files.isRegularFile(Name.ofExact(name).path())));
  }

  private int command(List<String> words) {
    Output output = new Output(streams.writer(), streams.page(), seat());
    return new Dispatch(mica(), output, line -> streams.err().println("mica: " + line)).run(words);
  }

  private int script(List<String> args) {
    if (args.isEmpty()) {
      throw new CommandLineException("run: missing FILE; usage: mica run FILE ARGS…");
    }
    Path file = Name.ofExact(args.getFirst()).path();
    Session session = session();
    engine(session, file).run(file, args.subList(1, args.size()));
    streams.out().flush();
    return 0;
  }

  private static Engine engine(Session session, Path file) {
    return file.toString().endsWith(".jsh") ? session.java() : session.groovy();
  }

  private int expression(List<String> args) {
    boolean formatted = args.size() == 3 && List.of("-o", "--output").contains(args.get(1));
    if (args.size() != 1 && !(formatted && Format.names().contains(args.get(2)))) {
      throw new CommandLineException(
          "-e: give one expression, in quotes; usage: mica -e EXPR [-o table|json|yaml]");
    }
    Session session = session();
    Unknown.refuse(args.getFirst(), session);
    Object value = session.groovy().evaluate(args.getFirst());
    printer().show(value, formatted ? Format.of(args.get(2)) : Format.TABLE);
    return 0;
  }

  private Session session() {
    return new Session(
        mica(),
        streams.out(),
        value -> {
          printer().show(value);
        });
  }

  private Printer printer() {
    return new Printer(new Output(streams.writer(), streams.page(), seat()));
  }

  private Seat seat() {
    return Terminals.isInteractive()
        ? new ProcessSeat(streams.err(), streams::stopProgress)
        : new LinesSeat(System.in);
  }

  private int help(List<String> words) {
    Output output = new Output(streams.writer(), streams.page());
    output.print(words.isEmpty() ? HelpText.overview() : HelpText.of(words), Format.TABLE);
    return 0;
  }

  private int version() {
    streams.out().println("mica " + Version.text());
    return 0;
  }

  private static String name(List<String> words) {
    return CommandTable.get().find(words).map(Command::name).orElse("mica");
  }

  /** Runs it as a program: see there. {@code name} is what it is, unless it prints as it goes. */
  private int program(@Nullable String name, Callable<Integer> work) {
    try (Program program = new Program(streams, progress(), name)) {
      int status = guard(() -> program.run(work));
      int late = guard(program::awaitThreads);
      return status == 0 ? late : status;
    }
  }

  private @Nullable ProgressLine progress() {
    if (!Terminals.isErrorTerminal()) {
      return null;
    }
    ProgressLine line = new ProgressLine(streams.err(), Terminals::errorWidth);
    streams.clearBeforeData(line);
    return line;
  }

  private int guard(Callable<Integer> work) {
    try {
      return work.call();
    } catch (Throwable failure) {
      flushQuietly();
      int status = errors.report(failure);
      if (environment.containsKey("MICA_TRACE")) {
        errors.trace();
      }
      return status;
    }
  }

  /** What was printed before the failure comes before its message. */
  private void flushQuietly() {
    try {
      streams.out().flush();
    } catch (OutputClosed | MicaException failed) {
      return; // what failed before is what is reported
    }
  }
}
