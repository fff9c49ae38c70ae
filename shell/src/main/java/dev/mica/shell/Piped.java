package dev.mica.shell;

import dev.mica.Mica;
import dev.mica.scripting.Input;
import dev.mica.scripting.Session;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;

/** The conversation with a program: lines from a pipe, no prompt, no colours, no history. */
final class Piped {
  private final Streams streams;
  private final Session session;
  private final Output output;
  private final Errors errors;
  private int status;

  Piped(Mica mica, Streams streams) {
    this.streams = streams;
    this.output = new Output(streams.writer(), streams.page());
    this.session = new Session(mica, streams.out(), value -> new Printer(output).show(value));
    this.errors = new Errors(streams.err(), "mica: ");
  }

  /** Does all lines; returns the status of the last one that failed, 0 if none did. */
  int run(InputStream in) throws IOException, InterruptedException {
    try (Program program = new Program(streams, null, null)) {
      lines(in, program);
      program.awaitThreads();
    }
    return status;
  }

  private void lines(InputStream in, Program program) throws IOException {
    BufferedReader lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8));
    StringBuilder input = new StringBuilder();
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      input.append(input.isEmpty() ? "" : "\n").append(Input.withoutMark(line));
      if (!isIncomplete(input.toString())) {
        execute(input.toString(), program);
        input.setLength(0);
      }
    }
    if (!input.isEmpty()) {
      execute(input.toString(), program);
    }
  }

  private boolean isIncomplete(String input) {
    return switch (LineKind.of(input, session.variableNames())) {
      case META -> false;
      case COMMAND -> ShellWords.of(input).isIncomplete();
      case LANGUAGE -> Input.of(input).isIncomplete();
    };
  }

  private void execute(String input, Program program) {
    if (input.isBlank()) {
      return;
    }
    try {
      int ended = program.run(() -> line(input));
      streams.out().flush(); // whoever has sent the line may wait for its answer
      status = ended == 0 ? status : ended;
    } catch (OutputClosed closed) {
      throw closed;
    } catch (Throwable failure) {
      streams.out().flush();
      status = errors.report(failure);
    }
  }

  private int line(String input) {
    return switch (LineKind.of(input, session.variableNames())) {
      case COMMAND ->
          new Dispatch(session.mica(), output, line -> streams.err().println("mica: " + line))
              .run(LineKind.words(input));
      case META -> throw new CommandLineException("lines that begin with : are for the prompt");
      case LANGUAGE -> {
        Unknown.refuse(input, session);
        Object value = session.groovy().evaluate(input);
        session.variables().put("_", value);
        new Printer(output).show(value);
        yield 0;
      }
    };
  }
}
