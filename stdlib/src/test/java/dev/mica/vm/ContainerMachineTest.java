package dev.mica.vm;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mica.state.StateDir;
import dev.mica.test.Guests;
import dev.mica.test.NeedsRoot;
import dev.mica.test.Scratch;
import dev.mica.vm.agent.Agent;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Machines that have containers: several beside each other, each with its disk. */
@NeedsRoot
final class ContainerMachineTest {
  private static final long MEMORY = 256L << 20;
  private static final long DISK = 64L << 20;

  private Scratch scratch;
  private StateDir state;

  @BeforeEach
  void make() {
    scratch = new Scratch();
    state = StateDir.at(scratch.path("home")).waiting(Duration.ofMinutes(3));
  }

  @AfterEach
  void remove() {
    scratch.close();
  }

  private Machine machine(String name, int processors) {
    return new QemuMachine(
        state,
        MachineSpec.container(name, "vms/" + name, name, MEMORY, processors, List.of(disk(name))),
        Starter.Settings.of(Guests.environment()));
  }

  private Path disk(String name) {
    Path file = scratch.path(name + ".img");
    try (RandomAccessFile disk = new RandomAccessFile(file.toFile(), "rw")) {
      disk.setLength(DISK);
    } catch (IOException broken) {
      throw new AssertionError(broken);
    }
    return file;
  }

  @Test
  void aSecondOneIsRestoredAndStandsBesideTheFirst() {
    Machine first = machine("one", 1);
    Machine second = machine("two", 1);
    try {
      assertThat(first.boot(Duration.ZERO)).isEqualTo(Machine.Start.COLD);
      assertThat(second.boot(Duration.ZERO)).isEqualTo(Machine.Start.WARM);
      assertThat(first.boot(Duration.ZERO)).isEqualTo(Machine.Start.ADOPTED);
      assertThat(second.status().pid()).isNotEqualTo(first.status().pid());
      first.kill();
      assertThat(second.status().state()).isEqualTo(Machine.State.RUNNING);
      second.shutdown();
      assertThat(second.status().state()).isEqualTo(Machine.State.NONE);
    } finally {
      first.kill();
      second.kill();
    }
  }

  @Test
  void itsGuestHasTheProcessorsItWasGiven() {
    Machine machine = machine("smp", 2);
    try {
      machine.boot(Duration.ZERO);
      try (Agent agent = machine.agent()) {
        assertThat(agent.stats()).containsEntry("processors", "2");
      }
    } finally {
      machine.kill();
    }
  }
}
