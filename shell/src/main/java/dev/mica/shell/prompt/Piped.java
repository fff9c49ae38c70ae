package dev.mica.shell.prompt;

import dev.mica.scripting.run.ScriptFile;
import dev.mica.shell.attach.OutputClosed;
import dev.mica.shell.attach.Streams;
import dev.mica.shell.command.CommandLineException;
import dev.mica.shell.command.Conversation;
import dev.mica.shell.command.LineKind;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;

/** The conversation with a program: lines from a pipe, no prompt, no colours, no history. */
public final class Piped {
  private final Streams streams;
  private final Conversation conversation;
  private final Errors errors;
  private int status;

  public Piped(Conversation conversation, Streams streams) {
    this.streams = streams;
    this.conversation = conversation;
    this.errors = new Errors(streams.err(), "mica: ");
  }

  /** Does all lines; returns the status of the last one that failed, 0 if none did. */
  public int run(InputStream in) throws IOException, InterruptedException {
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
      input.append(input.isEmpty() ? "" : "\n").append(ScriptFile.withoutMark(line));
      if (!conversation.isIncomplete(input.toString())) {
        execute(input.toString(), program);
        input.setLength(0);
      }
    }
    if (!input.isEmpty()) {
      execute(input.toString(), program);
    }
  }

  private void execute(String input, Program program) {
    if (input.isBlank()) {
      return;
    }
    try {
      if (conversation.kind(input) == LineKind.META) {
        throw new CommandLineException("lines that begin with : are for the prompt");
      }
      int ended = program.run(() -> conversation.line(input));
      streams.out().flush(); // whoever has sent the line may wait for its answer
      status = ended == 0 ? status : ended;
    } catch (OutputClosed closed) {
      throw closed;
    } catch (Throwable failure) {
      streams.out().flush();
      status = errors.report(failure);
    }
  }
}
