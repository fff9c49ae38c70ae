package dev.mica.test;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;

/** Somebody who exchanges two names all the time, as fast as the kernel does it. */
public final class Exchanging implements AutoCloseable {
  private final Process process;

  /** Returns when it has begun. */
  public Exchanging(Path one, Path other) throws IOException {
    Path program = Path.of(System.getProperty("mica.root"), "stdlib/src/test/lab/exchange.py");
    process =
        new ProcessBuilder("python3", program.toString(), one.toString(), other.toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    BufferedReader out = process.inputReader();
    if (!"begun".equals(out.readLine())) {
      throw new IOException("the names are not exchanged");
    }
  }

  @Override
  public void close() {
    try {
      process.getOutputStream().close();
      process.waitFor();
    } catch (IOException | InterruptedException broken) {
      process.destroyForcibly();
      throw new AssertionError(broken);
    }
  }
}
