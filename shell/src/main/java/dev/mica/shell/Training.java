package dev.mica.shell;

import dev.mica.shell.attach.Streams;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * The run an AOT cache is recorded from: a recording is of one process, so this one does what many
 * would. Started by the build only, over a terminal; what is typed there goes to the prompt.
 */
final class Training {
  private Training() {}

  /**
   * Runs each line of the file {@code args[0]} as the arguments of {@code mica}; without any, that
   * is the prompt.
   */
  public static void main(String[] args) throws IOException {
    Streams streams = Streams.ofProcess();
    for (String line : Files.readAllLines(Path.of(args[0]))) {
      run(streams, line.isEmpty() ? List.of() : List.of(line.split(" ")));
    }
    System.exit(streams.close(0));
  }

  private static void run(Streams streams, List<String> words) {
    int status = new App(streams, System.getenv()).run(words);
    // 1 is this machine's business, for instance a doctor who found something; 2 is a wrong line.
    if (status > 1) {
      throw new IllegalStateException("training: mica " + words + " ended with " + status);
    }
  }
}
