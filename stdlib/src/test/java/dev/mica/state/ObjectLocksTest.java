package dev.mica.state;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mica.failure.MicaException;
import dev.mica.test.Child;
import java.io.BufferedReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.node.ObjectNode;

/** What takes long keeps its own objects from others, and nothing else. */
@Timeout(300)
final class ObjectLocksTest {
  private static final Duration SHORT = Duration.ofMillis(50);
  private static final int ROUNDS = 100;
  private static final int THREADS = 8;

  @TempDir private Path temporary;
  private StateDir state;
  private final List<Integer> recovered = new ArrayList<>();

  @BeforeEach
  void open() {
    state = opened();
  }

  private StateDir opened() {
    StateDir opened = StateDir.at(temporary.resolve("home"));
    opened.onLeftover(
        "step",
        Recovery.of(
            facts -> facts.required("number").asInt(),
            number -> List.of("thing " + number),
            recovered::add));
    return opened;
  }

  private static ObjectNode number(int number) {
    return Records.object().put("number", number);
  }

  private static <T> T elsewhere(Callable<T> action) throws Exception {
    CompletableFuture<T> done = new CompletableFuture<>();
    Thread thread =
        Thread.ofPlatform()
            .start(() -> {
              try {
                done.complete(action.call());
              } catch (Exception failure) {
                done.completeExceptionally(failure);
              }
            });
    thread.join();
    return done.get();
  }

  private int doIt(int thing) {
    try (LockedState locked = state.waiting(SHORT).lock("do it", "thing " + thing)) {
      return locked.run("step", number(thing), () -> thing);
    }
  }

  private String refusal(int thing) throws Exception {
    return elsewhere(() -> {
      try {
        return "done " + doIt(thing);
      } catch (MicaException busy) {
        return String.valueOf(busy.getMessage());
      }
    });
  }

  @Test
  void whileOneIsPreparedOthersAreWorkedOn() throws Exception {
    String self = "process " + ProcessHandle.current().pid() + ", to prepare it";
    try (LockedState locked = state.lock("prepare it", "thing 7")) {
      int done =
          locked.run(
              "step",
              () -> number(7),
              () -> {
                try {
                  assertThat(refusal(8)).isEqualTo("done 8");
                  assertThat(refusal(7))
                      .startsWith("cannot do it: the thing 7 is in use by " + self);
                  assertThat(elsewhere(() -> state.read(() -> 1))).isEqualTo(1);
                  assertThat(elsewhere(state::leftovers)).isEmpty();
                  assertThat(temporary.resolve("home/journal")).isNotEmptyDirectory();
                } catch (Exception failure) {
                  throw new AssertionError(failure);
                }
              },
              () -> {
                try {
                  assertThat(refusal(8)).contains("the state directory").contains(self);
                } catch (Exception failure) {
                  throw new AssertionError(failure);
                }
                return 7;
              });
      assertThat(done).isEqualTo(7);
    }
    assertThat(recovered).isEmpty();
    assertThat(refusal(7)).isEqualTo("done 7");
  }

  /** Facts that others may have changed meanwhile are asked for again. */
  @Test
  void whatIsNotedIsAsItIsWhenItIsPublished() {
    AtomicInteger asked = new AtomicInteger();
    List<Integer> noted = new ArrayList<>();
    try (LockedState locked = state.lock("prepare it", "thing 7")) {
      locked.run(
          "step",
          () -> number(asked.incrementAndGet()),
          () -> {},
          () -> noted.add(locked.noted("step").getFirst().required("number").asInt()));
    }
    assertThat(noted).containsExactly(2);
  }

  @Test
  void whatFailsWhileItIsPreparedIsUndone() {
    try (LockedState locked = state.lock("prepare it", "thing 7")) {
      assertThatThrownBy(() ->
              locked.run(
                  "step",
                  () -> number(7),
                  () -> {
                    throw MicaException.failed("do", "it", "no");
                  },
                  () -> 7))
          .hasMessage("cannot do it: no");
    }
    assertThat(recovered).containsExactly(7);
    assertThat(temporary.resolve("home/journal")).isEmptyDirectory();
  }

  /** An interruption that comes when nobody listens is not lost, and stops no undoing. */
  @Test
  void whoIsInterruptedHasTheDirectoryAgain() {
    try (LockedState locked = state.lock("prepare it", "thing 7")) {
      locked.meanwhile(() -> Thread.currentThread().interrupt());
      assertThat(Thread.interrupted()).isTrue();
      assertThat(locked.run("step", number(7), () -> 7)).isEqualTo(7);
    }
  }

  /** The threads that use a new directory first keep what each has locked. */
  @Test
  void nobodyLosesALockWhileTheFileOfTheLocksIsMade() throws Exception {
    try (ExecutorService threads = Executors.newCachedThreadPool()) {
      for (int round = 0; round < ROUNDS; round++) {
        StateDir fresh = StateDir.at(temporary.resolve("fresh" + round));
        CyclicBarrier begin = new CyclicBarrier(THREADS);
        CyclicBarrier held = new CyclicBarrier(THREADS + 1);
        List<Future<Void>> all = new ArrayList<>();
        for (int i = 0; i < THREADS; i++) {
          String object = "thing " + i;
          all.add(
              threads.submit(() -> {
                begin.await();
                try (Hold _ = fresh.hold("do it", object)) {
                  held.await();
                  held.await();
                }
                return null;
              }));
        }
        held.await();
        Object inode = Files.getAttribute(fresh.path().resolve("objects"), "unix:ino");
        List<String> locks = Files.readAllLines(Path.of("/proc/locks"));
        held.await();
        for (Future<Void> each : all) {
          each.get();
        }
        assertThat(locks.stream().filter(line -> line.contains(":" + inode + " ")))
            .hasSize(THREADS);
      }
    }
  }

  /** One that another process works on is left alone, until that process is gone. */
  @Test
  void whatAnotherProcessWorksOnIsItsOwn() throws Exception {
    Process child =
        Child.start(Child.command(StateChild.class, "prepare", temporary.resolve("home")));
    try (BufferedReader said = child.inputReader()) {
      assertThat(said.readLine()).isEqualTo("held");
      assertThat(doIt(8)).isEqualTo(8);
      assertThatThrownBy(() -> doIt(7))
          .isInstanceOf(MicaException.class)
          .hasMessageContaining("the thing 7 is in use by process " + child.pid());
      assertThat(state.leftovers()).isEmpty();
      assertThat(recovered).isEmpty();
    } finally {
      child.destroyForcibly().waitFor();
    }
    assertThat(doIt(7)).isEqualTo(7);
    assertThat(recovered).containsExactly(7);
  }

  @Test
  void aThreadMayLockAnObjectAgain() throws Exception {
    try (Hold _ = state.hold("outer", "thing 7", "thing 9")) {
      try (Hold _ = state.hold("inner", "thing 7")) {
        assertThat(doIt(7)).isEqualTo(7);
      }
      assertThat(refusal(7)).contains("to outer");
      assertThat(refusal(9)).contains("to outer");
    }
    assertThat(refusal(7)).isEqualTo("done 7");
  }

  /** Counters in files, one for each object: no turn is lost, whoever takes it. */
  @Test
  void threadsAndProcessesTakeTurns() throws Exception {
    long seed = new Random().nextLong();
    int things = 3;
    for (int thing = 0; thing < things; thing++) {
      Files.writeString(temporary.resolve("counter" + thing), "0");
    }
    state.lock("make it").close();
    List<Process> children = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      children.add(
          Child.start(
              Child.command(
                  StateChild.class, "things", temporary.resolve("home"), temporary, seed + i)));
    }
    CountDownLatch ready = new CountDownLatch(2);
    try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
      List<Future<?>> turns = new ArrayList<>();
      for (int i = 2; i < 4; i++) {
        long own = seed + i;
        turns.add(
            threads.submit(() -> {
              ready.countDown();
              ready.await();
              StateChild.things(opened().waiting(Duration.ofSeconds(100)), temporary, own);
              return own;
            }));
      }
      for (Future<?> turn : turns) {
        turn.get();
      }
    }
    int sum = 0;
    for (Process child : children) {
      assertThat(child.waitFor()).isZero();
    }
    for (int thing = 0; thing < things; thing++) {
      sum += Integer.parseInt(Files.readString(temporary.resolve("counter" + thing)));
    }
    assertThat(sum).as("seed %d", seed).isEqualTo(4 * StateChild.TURNS);
  }
}
