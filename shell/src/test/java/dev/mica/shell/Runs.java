package dev.mica.shell;

import dev.mica.shell.attach.Streams;
import dev.mica.shell.attach.TerminalFormat;
import dev.mica.test.Child;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Runs of the program, in this process or in one of their own. */
public final class Runs {
  /**
   * How a run ended.
   *
   * @param status its exit status
   * @param out what it printed as data
   * @param err what it said
   */
  public record Run(int status, String out, String err) {}

  private Runs() {}

  /** In this process, with no input and the user's state directory. */
  public static Run here(String... args) {
    return here(Map.of(), args);
  }

  /** In this process, with no input and these variables. */
  public static Run here(Map<String, String> environment, String... args) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    Streams streams = new Streams(print(out), print(err), TerminalFormat.PLAIN);
    // What this process gets is for whoever runs the tests: a command that reads it takes a message
    // away, and the tests wait for it for ever.
    InputStream given = System.in;
    System.setIn(InputStream.nullInputStream());
    int status;
    try {
      status = new App(streams, environment).run(List.of(args));
    } finally {
      System.setIn(given);
    }
    streams.out().flush();
    return new Run(
        status, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
  }

  private static PrintStream print(ByteArrayOutputStream to) {
    return new PrintStream(to, true, StandardCharsets.UTF_8);
  }

  /** The command of a process of its own. */
  public static List<String> command(List<String> options, String... args) {
    return Recorded.CHILDREN.command(options, Main.class, (Object[]) args);
  }

  /** What hundreds of them load is recorded once for each JVM that runs tests. */
  private static final class Recorded {
    private static final String LINES =
        """
        union ls
        commit ls -o json
        vm ls -o yaml
        diff /etc/apt /etc/apt
        doctor
        help
        -e 1+1
        """;

    static final Child.Archived CHILDREN = record();

    private static Child.Archived record() {
      try {
        Path lines = Files.createTempFile("mica", "lines");
        try {
          return Child.Archived.once("runs", Training.class, Files.writeString(lines, LINES));
        } finally {
          Files.delete(lines);
        }
      } catch (IOException broken) {
        throw new UncheckedIOException(broken);
      }
    }
  }

  /** In a process of its own. */
  public static Run apart(Path home, List<String> options, String... args)
      throws IOException, InterruptedException {
    File out = File.createTempFile("mica", "out");
    File err = File.createTempFile("mica", "err");
    try {
      ProcessBuilder builder = new ProcessBuilder(command(options, args));
      builder.environment().put("MICA_HOME", home.toString());
      Process process = builder.redirectOutput(out).redirectError(err).start();
      process.getOutputStream().close();
      int status = process.waitFor();
      return new Run(status, read(out), read(err));
    } finally {
      out.delete();
      err.delete();
    }
  }

  private static String read(File file) throws IOException {
    return Files.readString(file.toPath());
  }
}
