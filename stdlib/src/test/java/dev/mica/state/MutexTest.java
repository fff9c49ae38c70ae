package dev.mica.state;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mica.failure.MicaException;
import dev.mica.test.Child;
import java.io.BufferedReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** One at a time, among threads and processes. */
@Timeout(300)
final class MutexTest {
  @TempDir private Path temporary;

  private Path home() {
    return temporary.resolve("home");
  }

  @Test
  void aThreadMayTakeTheLockAgain() {
    StateDir state = StateDir.at(home());
    try (var _ = state.lock("outer")) {
      try (var _ = state.lock("inner")) {
        assertThat(state.read(() -> 1)).isEqualTo(1);
      }
      assertThat(heldFor(state, "outer")).isTrue();
    }
    assertThat(heldFor(state, "outer")).isFalse();
  }

  /** Whether another thread is refused because of that operation. */
  private static boolean heldFor(StateDir state, String what) {
    AtomicInteger refused = new AtomicInteger();
    Thread other =
        Thread.ofPlatform()
            .start(() -> {
              try (var _ = state.waiting(Duration.ofMillis(50)).lock("other")) {
                refused.set(0);
              } catch (MicaException busy) {
                refused.set(busy.why().contains("to " + what) ? 1 : 2);
              }
            });
    try {
      other.join();
    } catch (InterruptedException stop) {
      throw new AssertionError(stop);
    }
    assertThat(refused.get()).isLessThan(2);
    return refused.get() == 1;
  }

  @Test
  void threadsAndProcessesTakeTurns() throws Exception {
    Path counter = Files.writeString(temporary.resolve("counter"), "0");
    List<Process> children = List.of(count(counter), count(counter), count(counter));
    StateDir state = StateDir.at(home()).waiting(Duration.ofSeconds(50));
    List<Thread> threads =
        List.of(
            Thread.ofPlatform().start(() -> StateChild.count(state, counter)),
            Thread.ofPlatform().start(() -> StateChild.count(state, counter)));
    for (Thread thread : threads) {
      thread.join();
    }
    for (Process child : children) {
      assertThat(child.waitFor()).isZero();
    }
    assertThat(Files.readString(counter)).isEqualTo(String.valueOf(5 * StateChild.TURNS));
  }

  private Process count(Path counter) {
    return Child.start(Child.command(StateChild.class, "count", home(), counter));
  }

  @Test
  void aWaiterIsToldWhoHasIt() throws Exception {
    Process child = Child.start(Child.command(StateChild.class, "hold", home()));
    try (BufferedReader said = child.inputReader()) {
      assertThat(said.readLine()).isEqualTo("held");
      assertThatThrownBy(() -> StateDir.at(home()).waiting(Duration.ofMillis(100)).lock("test"))
          .isInstanceOf(MicaException.class)
          .hasMessageContaining("process " + child.pid())
          .hasMessageContaining("to hold it")
          .hasMessageContaining(home().toString());
    } finally {
      child.destroyForcibly().waitFor();
    }
    StateDir.at(home()).waiting(Duration.ofSeconds(5)).lock("test").close();
  }

  /** It waits in the kernel's queue; who is interrupted there says so, and leaves it to others. */
  @Test
  void aWaiterIsQueuedByTheKernelAndCanBeInterrupted() throws Exception {
    Process child = Child.start(Child.command(StateChild.class, "hold", home()));
    try (BufferedReader said = child.inputReader()) {
      assertThat(said.readLine()).isEqualTo("held");
      CompletableFuture<String> outcome = new CompletableFuture<>();
      Thread waiter =
          Thread.ofPlatform()
              .start(() -> {
                try (var _ = StateDir.at(home()).waiting(Duration.ofMinutes(3)).lock("wait")) {
                  outcome.complete("it has the lock");
                } catch (MicaException stop) {
                  outcome.complete(stop.why());
                }
              });
      Pattern queued =
          Pattern.compile("-> POSIX +ADVISORY +WRITE " + ProcessHandle.current().pid());
      while (!queued.matcher(Files.readString(Path.of("/proc/locks"))).find()) {
        assertThat(waiter.isAlive()).isTrue();
      }
      waiter.interrupt();
      assertThat(outcome.get()).startsWith("interrupted while waiting for process " + child.pid());
    } finally {
      child.destroyForcibly().waitFor();
    }
    StateDir.at(home()).lock("test").close();
  }
}
