package dev.mica.shell;

import dev.mica.shell.attach.Streams;
import dev.mica.shell.attach.TerminalFormat;
import dev.mica.test.Child;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
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
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(Child.QUICK);
    command.add("-Dmica.core=" + System.getProperty("mica.core"));
    command.addAll(options);
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), "dev.mica.shell.Main"));
    command.addAll(List.of(args));
    return command;
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
    return java.nio.file.Files.readString(file.toPath());
  }
}
