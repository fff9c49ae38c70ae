package dev.mica.shell.print;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mica.job.Activity;
import java.time.Duration;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

final class ProgressLineTest {
  /** Half of 100 MiB. */
  private static final Activity.Work HALF =
      new Activity.Work() {
        @Override
        public long entries() {
          return 1;
        }

        @Override
        public long bytes() {
          return 50 << 20;
        }

        @Override
        public long totalBytes() {
          return 100 << 20;
        }

        @Override
        public String step() {
          return "1 of 2 blobs, 0a0a0a 50 %";
        }

        @Override
        public void cancel() {}
      };

  @Test
  void bytesThatAreKnownBeforehandAreTold() {
    try (Activity pull = Activity.begin("pull x", OptionalLong.empty(), Activity.Work.NONE)) {
      try (Activity _ = Activity.begin("fetch x", OptionalLong.empty(), HALF)) {
        assertThat(ProgressLine.text(pull, Duration.ofSeconds(10)))
            .startsWith("pull x: 50.0 MiB of 100.0 MiB")
            .endsWith("; 1 of 2 blobs, 0a0a0a 50 %");
      }
      // What was there when it began does not count as done by this.
      assertThat(ProgressLine.text(pull, Duration.ofSeconds(10))).isEqualTo("pull x: 10 s");
    }
  }
}
