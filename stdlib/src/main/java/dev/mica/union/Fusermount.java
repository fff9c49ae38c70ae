package dev.mica.union;

import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * libfuse's setuid program, through which users unmount what they have mounted: umount(2) is for
 * root only.
 */
final class Fusermount {
  private static final String PROGRAM = "fusermount3";

  private Fusermount() {}

  /** Unmounts; {@code lazily} also while something holds it. Returns whether it was not held. */
  static boolean unmount(Path at, boolean lazily) {
    List<String> command = new ArrayList<>(List.of(PROGRAM, "-u"));
    if (lazily) {
      command.add("-z");
    }
    command.addAll(List.of("--", at.toString()));
    try {
      return run(at, command);
    } catch (IOException missing) {
      throw failed(at, Why.of(missing)).hint("apt install fuse3").because(missing);
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
      throw failed(at, "interrupted").because(stop);
    }
  }

  private static boolean run(Path at, List<String> command)
      throws IOException, InterruptedException {
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("LC_ALL", "C");
    Process process = builder.start();
    process.getOutputStream().close();
    String words =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    if (process.waitFor() == 0) {
      return true;
    }
    if (words.endsWith("Device or resource busy")) {
      return false;
    }
    throw failed(at, PROGRAM + " says: " + words);
  }

  private static MicaException failed(Path at, String why) {
    return MicaException.failed("unmount", at, why);
  }
}
