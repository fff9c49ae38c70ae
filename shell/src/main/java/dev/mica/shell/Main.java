package dev.mica.shell;

import dev.mica.shell.attach.Streams;

/** The program {@code mica}. */
public final class Main {
  /** Where the logger's back end looks, once something is logged. */
  private static final String LEVEL = "org.slf4j.simpleLogger.defaultLogLevel";

  private Main() {}

  /** Runs what the arguments say; the exit status is 0, 1, 2 or 3. */
  public static void main(String[] args) {
    System.setProperty(LEVEL, System.getenv().getOrDefault("MICA_LOG", "off"));
    Streams streams = Streams.ofProcess();
    int status = new App(streams, System.getenv()).run(Arguments.exact(args));
    System.exit(streams.close(status));
  }
}
