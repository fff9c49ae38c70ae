package dev.mica.core;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mica.job.Activity;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A call that is busy with one big file ends before its end, after Ctrl-C, and leaves nothing
 * behind. By how many steps, {@code test-moving.c} counts.
 */
class CancelTest {
  private static final int MEGABYTES = 768;

  @TempDir static Path scratch;
  private static Path a;
  private static Path b;

  @BeforeAll
  static void twoBigEqualFiles() throws IOException {
    a = fill(scratch.resolve("a"));
    b = fill(scratch.resolve("b"));
  }

  @Test
  void aDiff() throws Exception {
    assertEndsEarly(() -> {
      try (DiffReader diff = Core.diff(Tree.plain(a), Tree.plain(b), true)) {
        while (diff.next()) {}
      }
    });
  }

  @Test
  void aDigest() throws Exception {
    assertEndsEarly(() -> Core.treeDigest(Tree.plain(a)));
  }

  @Test
  void aCopy() throws Exception {
    Path copy = scratch.resolve("copy");
    assertEndsEarly(() -> Core.capture(Tree.EMPTY, Tree.plain(a), copy, Set.of()));
    assertThat(copy).doesNotExist();
  }

  private static void assertEndsEarly(Runnable call) throws Exception {
    FutureTask<String> task = new FutureTask<>(() -> outcome(call));
    Thread thread = Thread.ofPlatform().start(task);
    while (!task.isDone() && bytes(thread) == 0) {
      Thread.onSpinWait();
    }
    Activity.interrupt(thread);
    assertThat(task.get()).startsWith("cancelled: ");
  }

  private static long bytes(Thread thread) {
    return Activity.current(thread).map(Activity::bytes).orElse(0L);
  }

  private static String outcome(Runnable call) {
    try {
      call.run();
      return "it ran to its end";
    } catch (CancellationException e) {
      return String.valueOf(e.getMessage());
    }
  }

  private static Path fill(Path directory) throws IOException {
    Files.createDirectory(directory);
    byte[] megabyte = new byte[1 << 20];
    new Random(1).nextBytes(megabyte);
    try (FileChannel file =
        FileChannel.open(
            directory.resolve("big"), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      for (int i = 0; i < MEGABYTES; i++) {
        file.write(ByteBuffer.wrap(megabyte));
      }
    }
    return directory;
  }
}
