package dev.mica.test;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A JVM of its own with the tests' class path, for what must happen in another process. */
public final class Child {
  private Child() {}

  /** The words that start {@code main}. */
  public static List<String> command(Class<?> main, Object... arguments) {
    List<String> words = new ArrayList<>();
    words.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    // Started by the hundred: as little as possible before main.
    words.addAll(
        List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-XX:-UsePerfData", "-Xshare:auto"));
    words.add("--enable-native-access=ALL-UNNAMED");
    words.add("-Dmica.core=" + System.getProperty("mica.core"));
    words.add("-Dmica.root=" + System.getProperty("mica.root"));
    words.add("-cp");
    words.add(System.getProperty("java.class.path"));
    words.add(main.getName());
    for (Object argument : arguments) {
      words.add(argument.toString());
    }
    return words;
  }

  /** Starts it; what it says on stderr is the test's. */
  public static Process start(List<String> command) {
    try {
      return new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    } catch (IOException broken) {
      throw new UncheckedIOException(broken);
    }
  }
}
