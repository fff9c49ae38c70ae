package dev.mica.scripting;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@SuppressWarnings("NullAway.Init") // JUnit sets the field
final class MetaspaceTest {
  /** 10,000 lines may cost 2 MB; {@code MICA_FULL=1} tries all of them. */
  private static final int SPAN = "1".equals(System.getenv("MICA_FULL")) ? 10_000 : 1_000;

  @TempDir Path temp;

  /** What is loaded once falls into one span; what each line leaves behind, into both. */
  @Test
  void linesDoNotLeak() {
    Sessions test = new Sessions(temp);
    lines(test, 500);
    long first = growth(test);
    long second = growth(test);
    assertThat(Math.min(first, second))
        .as("bytes for %d lines; %d and %d for two spans", SPAN, first, second)
        .isLessThan((2L << 20) * SPAN / 10_000);
  }

  private static long growth(Sessions test) {
    long before = metaspace();
    lines(test, SPAN);
    return metaspace() - before;
  }

  private static void lines(Sessions test, int count) {
    for (int i = 0; i < count; i++) {
      test.eval("x = [" + i + "].collect { it + 1 }; x[0]");
    }
  }

  @SuppressWarnings("SystemGC") // only what a collection leaves counts
  private static long metaspace() {
    System.gc();
    System.gc();
    return ManagementFactory.getMemoryPoolMXBeans().stream()
            .filter(pool -> pool.getName().equals("Metaspace"))
            .mapToLong(pool -> pool.getUsage().getUsed())
            .sum()
        + compressed();
  }

  private static long compressed() {
    return ManagementFactory.getMemoryPoolMXBeans().stream()
        .filter(pool -> pool.getName().contains("Compressed Class"))
        .map(MemoryPoolMXBean::getUsage)
        .mapToLong(usage -> usage.getUsed())
        .sum();
  }
}
