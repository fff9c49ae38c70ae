package dev.mica.helper;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mica.core.Core;
import dev.mica.folder.Folder;
import dev.mica.state.StateDir;
import dev.mica.test.Scratch;
import dev.mica.test.ScratchTest;
import dev.mica.union.UnionSpec;
import dev.mica.vm.Machine;
import dev.mica.vm.MachineSpec;
import dev.mica.vm.agent.Agent;
import dev.mica.vm.process.LineSocket;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever the guest takes the time to be, the files of a union have the host's. */
final class GuestClockTest extends ScratchTest {
  /** The kernel stamps files with the time of its last tick. */
  private static final Duration TICK = Duration.ofMillis(10);

  /**
   * One part in so many. The guest counts the host's counter, by a rate that was measured to a few
   * parts in a million: all else is the time that reading takes.
   */
  private static final int DRIFT = 1000;

  private StateDir state;
  private Machine machine;

  private interface Step {
    void run() throws IOException;
  }

  @BeforeEach
  void make() {
    require(UnionSpec.Via.GUEST);
    state = StateDir.at(scratch.path("home"));
    machine = Machine.of(state, MachineSpec.HELPER);
    for (String name : List.of("opened", "cut", "touched", "linked", "moved", "owned")) {
      scratch.file("a/" + name, "lower");
    }
    scratch.dir("a/folder");
  }

  @AfterEach
  void stop() {
    machine.kill();
  }

  private void mount() {
    mica.unions()
        .create(
            new UnionSpec(
                "clock",
                List.of(Folder.of(scratch.path("a"))),
                Folder.of(scratch.path("b")),
                null,
                Folder.of(scratch.path("s")),
                UnionSpec.Via.GUEST));
  }

  private Path at(String name) {
    return scratch.path("s/" + name);
  }

  /** Each with the path whose time must be now, when it is done. */
  private Map<String, Step> steps() {
    Map<String, Step> steps = new LinkedHashMap<>();
    steps.put("new", () -> Files.createFile(at("new")));
    steps.put("written", () -> Files.writeString(at("written"), "text"));
    steps.put("new folder", () -> Files.createDirectory(at("new folder")));
    steps.put("link", () -> Files.createSymbolicLink(at("link"), Path.of("new")));
    steps.put("folder", () -> Files.createFile(at("folder/in it")));
    steps.put("opened", () -> Files.writeString(at("opened"), "longer than it was"));
    steps.put("cut", () -> Scratch.run("truncate", "-s", "2", at("cut").toString()));
    steps.put("touched", () -> Scratch.run("touch", at("touched").toString()));
    return steps;
  }

  private static FileTime time(Path file, String which) throws IOException {
    return (FileTime) Files.getAttribute(file, "unix:" + which, LinkOption.NOFOLLOW_LINKS);
  }

  private void requireHostTimes() throws IOException {
    for (Map.Entry<String, Step> step : steps().entrySet()) {
      Instant before = Instant.now().minus(TICK);
      step.getValue().run();
      Instant after = Instant.now().plus(TICK);
      for (Path file : List.of(at(step.getKey()), scratch.path("b/" + step.getKey()))) {
        assertThat(time(file, "lastModifiedTime").toInstant())
            .as("%s", file)
            .isBetween(before, after);
        assertThat(time(file, "ctime").toInstant())
            .as("change of %s", file)
            .isBetween(before, after);
      }
    }
    // What changes no data changes the time of the change alone.
    Map<String, Step> changes = new LinkedHashMap<>();
    changes.put("owned", () -> Files.setAttribute(at("owned"), "unix:mode", 0600));
    changes.put("linked", () -> Files.createLink(at("linked too"), at("linked")));
    changes.put("moved", () -> Files.move(at("moved"), at("moved there")));
    for (Map.Entry<String, Step> change : changes.entrySet()) {
      Path file = at(change.getKey());
      FileTime modified = time(file, "lastModifiedTime");
      Instant before = Instant.now().minus(TICK);
      change.getValue().run();
      Instant after = Instant.now().plus(TICK);
      Path now = change.getKey().equals("moved") ? at("moved there") : file;
      assertThat(time(now, "ctime").toInstant()).as("change of %s", now).isBetween(before, after);
      assertThat(time(now, "lastModifiedTime")).as("%s", now).isEqualTo(modified);
    }
  }

  @Test
  void filesGetTheTimeOfTheHost() throws IOException {
    mount();
    requireHostTimes();
  }

  /** As of one that was saved long ago, before anybody told it the time; or told it wrongly. */
  @ParameterizedTest
  @ValueSource(longs = {1_000_000_000, 4_000_000_000L})
  void aWrongClockOfTheGuestDoesNotShow(long seconds) throws IOException {
    mount();
    try (LineSocket agent = LineSocket.connect(state.path().resolve("vm/agent.sock"))) {
      long deadline = LineSocket.in(Duration.ofMinutes(1));
      agent.send("\nwrong hello version=1 time=" + seconds + "000000000", deadline);
      while (!agent.receive(deadline).startsWith("wrong ok ")) {
        // an answer to somebody before us
      }
    }
    requireHostTimes();
  }

  /** A guest goes on where it was when it was saved; greeted, it is late by the greeting's way. */
  @Test
  void aRestoredGuestKnowsTheTime() {
    Core.remove(state.path().resolve("cache")); // else the first start may be a warm one
    for (Machine.Start how : List.of(Machine.Start.COLD, Machine.Start.WARM)) {
      assertThat(machine.boot(Duration.ZERO)).isEqualTo(how);
      Instant greeted = Instant.now();
      try (Agent agent = machine.agent()) {
        Reading now = Reading.of(agent);
        assertThat(now.guest).as("the guest's clock").isBetween(greeted, now.after);
      }
      machine.kill();
    }
  }

  /** While the union is worked with, so that both have something to do. */
  @Test
  void itsClockKeepsPaceWithTheHost() throws IOException {
    mount();
    try (Agent agent = machine.agent()) {
      Reading first = Reading.of(agent);
      for (int i = 0; i < 300; i++) {
        Files.writeString(at("work" + i), "work " + i);
        Files.move(at("work" + i), at("done" + i));
      }
      Reading last = Reading.of(agent);
      Duration shortest = Duration.between(first.after, last.before);
      Duration longest = Duration.between(first.before, last.after);
      Duration drift = longest.dividedBy(DRIFT);
      System.out.printf(
          "in %d to %d ms of the host %d ms by the guest's clock, up for %d ms more%n",
          shortest.toMillis(),
          longest.toMillis(),
          Duration.between(first.guest, last.guest).toMillis(),
          last.uptime.minus(first.uptime).toMillis());
      assertThat(Duration.between(first.guest, last.guest))
          .isBetween(shortest.minus(drift), longest.plus(drift));
      assertThat(last.uptime.minus(first.uptime))
          .isBetween(shortest.minus(drift), longest.plus(drift));
    }
  }

  /** The guest's clock, read at some time between two of the host's. */
  private record Reading(Instant before, Instant guest, Duration uptime, Instant after) {
    static Reading of(Agent agent) {
      Instant before = Instant.now();
      Map<String, String> stats = agent.stats();
      Instant after = Instant.now();
      return new Reading(
          before,
          Instant.EPOCH.plusNanos(Long.parseLong(stats.get("time"))),
          Duration.ofNanos(Long.parseLong(stats.get("uptime"))),
          after);
    }
  }
}
