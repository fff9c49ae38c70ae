package dev.mica.shell.attach;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mica.Mica;
import dev.mica.access.Caller;
import dev.mica.session.Served;
import dev.mica.session.Shown;
import dev.mica.session.Watch;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What somebody who watches is told of the sizes of the two terminals. */
@SuppressWarnings("NullAway.Init") // JUnit sets the field
final class WatchAttachmentTest {
  @TempDir Path temp;

  /** A session that only has a terminal. */
  private record Seat(Optional<Shown> shown) implements Served {
    @Override
    public Caller caller() {
      return Caller.ofProcess();
    }

    @Override
    public Kind kind() {
      return Kind.PROMPT;
    }

    @Override
    public boolean records() {
      return false;
    }

    @Override
    public Duration idle() {
      return Duration.ZERO;
    }

    @Override
    public String running() {
      return "";
    }

    @Override
    public boolean say(String line) {
      return false;
    }

    @Override
    public void end(String why) {}
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "80 | 24 | ",
        "200 | 50 | ",
        "79 | 24 | ; your terminal has 79x24: make it at least as large",
        "80 | 23 | ; your terminal has 80x23: make it at least as large",
      })
  void aSmallerTerminalIsToldOf(int columns, int rows, @Nullable String remark) {
    Mica mica = Mica.open(temp.resolve("home"));
    mica.sessions().serve(true);
    mica.sessions().enter(new Seat(Optional.of(new Shown("xterm", 80, 24))));
    try (Watch watch = mica.sessions().get("1").watch()) {
      WatchAttachment attachment = WatchAttachment.of(watch);
      attachment.resize(rows, columns);
      assertThat(attachment.greeting())
          .isEqualTo(
              "watching "
                  + watch
                  + ", 80x24"
                  + (remark == null ? "" : remark)
                  + "; Ctrl-] leaves\n");
    }
  }
}
