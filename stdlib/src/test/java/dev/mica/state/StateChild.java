package dev.mica.state;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;

/** Another process at the same state directory. */
final class StateChild {
  static final int TURNS = 20;
  static final int DIED = 42;

  private StateChild() {}

  public static void main(String[] words) {
    StateDir state = StateDir.at(Path.of(words[1])).waiting(Duration.ofSeconds(50));
    switch (words[0]) {
      case "things" ->
          things(
              state.waiting(Duration.ofSeconds(100)), Path.of(words[2]), Long.parseLong(words[3]));
      case "count" -> count(state, Path.of(words[2]));
      case "hold" -> hold(state);
      case "prepare" -> prepare(state);
      case "die" -> die(state);
      default -> throw new IllegalArgumentException(words[0]);
    }
  }

  /** Reads, adds one, writes: turns are lost wherever two do so at once. */
  static void count(StateDir state, Path counter) {
    for (int turn = 0; turn < TURNS; turn++) {
      try (var _ = state.lock("count")) {
        int number = Integer.parseInt(Files.readString(counter));
        LockSupport.parkNanos(1_000_000);
        Files.writeString(counter, String.valueOf(number + 1));
      } catch (IOException broken) {
        throw new UncheckedIOException(broken);
      }
    }
  }

  /** The same with one of three counters each time, by the lock of its object alone. */
  static void things(StateDir state, Path directory, long seed) {
    Random random = new Random(seed);
    for (int turn = 0; turn < TURNS; turn++) {
      int thing = random.nextInt(3);
      try (var _ = state.hold("count", "thing " + thing)) {
        Path counter = directory.resolve("counter" + thing);
        int number = Integer.parseInt(Files.readString(counter));
        LockSupport.parkNanos(1_000_000);
        Files.writeString(counter, String.valueOf(number + 1));
      } catch (IOException broken) {
        throw new UncheckedIOException(broken);
      }
    }
  }

  private static void hold(StateDir state) {
    try (var _ = state.lock("hold it")) {
      System.out.println("held");
      LockSupport.park(); // until the test kills us
    }
  }

  /** In the part of an operation that takes long. */
  private static void prepare(StateDir state) {
    state.onLeftover("step", JournalTest.stuck(new ArrayList<>()));
    try (LockedState locked = state.lock("prepare it", "thing 7")) {
      locked.run(
          "step",
          () -> Records.object().put("number", 7),
          () -> {
            System.out.println("held");
            LockSupport.park(); // until the test kills us
          },
          () -> 0);
    }
  }

  private static void die(StateDir state) {
    state.onLeftover("step", JournalTest.stuck(new ArrayList<>()));
    try (LockedState locked = state.lock("die")) {
      locked.run(
          "step",
          Records.object().put("number", 7),
          () -> {
            Runtime.getRuntime().halt(DIED);
            return 0;
          });
    }
  }
}
