package dev.mica.shell;

import dev.mica.Mica;
import dev.mica.access.Role;
import dev.mica.failure.MicaException;
import dev.mica.shell.attach.Client;
import dev.mica.shell.attach.CommandsClient;
import dev.mica.shell.attach.OutputClosed;
import dev.mica.shell.attach.ProcessClient;
import dev.mica.shell.attach.Streams;
import dev.mica.shell.attach.Terminals;
import dev.mica.shell.command.Conversation;
import dev.mica.shell.command.Invocation;
import dev.mica.shell.print.Output;
import dev.mica.shell.print.ProgressLine;
import dev.mica.shell.prompt.Errors;
import dev.mica.shell.prompt.Piped;
import dev.mica.shell.prompt.Program;
import dev.mica.shell.prompt.Prompt;
import dev.mica.shell.serve.Serve;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Set;
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
      return guard(this::lines);
    }
    List<String> words = Conversation.wordsOf(args);
    return program(
        Conversation.nameOf(words),
        () -> conversation(client()).reading(System.in).serving(App::serve).command(words));
  }

  private int lines() throws IOException, InterruptedException {
    return Terminals.isInteractive()
        ? Prompt.run(Mica.open(environment), streams)
        : new Piped(conversation(new CommandsClient(streams)), streams).run(System.in);
  }

  private Conversation conversation(Client client) {
    Output output = new Output(streams.writer(), streams.terminalFormat(), client);
    return new Conversation(
        () -> Mica.open(environment),
        streams.out(),
        () -> output,
        line -> streams.err().println("mica: " + line));
  }

  /** Its classes are loaded where they are wanted: no other command has what they need. */
  private static int serve(
      Mica mica, String listen, boolean compatible, Set<Role> recorded, Invocation.Talk talk) {
    return Serve.run(mica, listen, compatible, recorded, talk);
  }

  private Client client() {
    return new ProcessClient(streams, Terminals.isInteractive());
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
    streams.beforeData(line::stop);
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
