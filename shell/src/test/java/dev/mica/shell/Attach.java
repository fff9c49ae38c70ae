package dev.mica.shell;

import dev.mica.shell.attach.OutputClosed;
import dev.mica.shell.attach.ProcessClient;
import dev.mica.shell.attach.Streams;
import dev.mica.shell.attach.Terminals;
import dev.mica.shell.print.Format;
import dev.mica.shell.print.Output;
import dev.mica.shell.print.Result;
import dev.mica.shell.prompt.Errors;
import dev.mica.shell.prompt.Program;
import dev.mica.vm.stream.Attachable;
import dev.mica.vm.stream.ProcessStream;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;

/**
 * A program that attaches its streams to the process at a socket, as a command of Mica does, and
 * ends as that does: {@code SOCKET [input] [terminal] [stays] [more]}. With {@code more} it prints
 * a line of its input then.
 */
public final class Attach {
  private Attach() {}

  public static void main(String[] args) throws Exception {
    List<String> words = List.of(args);
    Streams streams = Streams.ofProcess();
    Output output =
        new Output(
            streams.writer(),
            streams.terminalFormat(),
            new ProcessClient(streams, Terminals.isInteractive()));
    Attachable process =
        new Attachable(
            ProcessStream.connect(Path.of(args[0]), "cat in web"),
            words.contains("input"),
            words.contains("terminal"),
            words.contains("stays"));
    int status = run(streams, () -> output.attach(Result.Attached.to(process), Format.TABLE));
    if (words.contains("more")) {
      streams.out().println("over");
      streams.out().flush();
      streams
          .out()
          .println(
              new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))
                  .readLine());
    }
    System.exit(streams.close(status));
  }

  private static int run(Streams streams, Callable<Integer> work) throws Exception {
    try (Program program = new Program(streams, null, null)) {
      return program.run(work);
    } catch (OutputClosed | CancellationException ended) {
      return new Errors(streams.err(), "mica: ").report(ended);
    }
  }

  /** Its command. */
  static List<String> command(Path socket, String... words) {
    List<String> command = new ArrayList<>(List.of("env", "--default-signal=INT,HUP,TERM,USR1"));
    command.addAll(Runs.command(List.of(), words));
    int main = command.indexOf("dev.mica.shell.Main");
    command.set(main, Attach.class.getName());
    command.add(main + 1, socket.toString());
    return command;
  }
}
