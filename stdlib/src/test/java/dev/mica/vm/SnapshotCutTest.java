package dev.mica.vm;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mica.failure.MicaException;
import dev.mica.state.StateDir;
import dev.mica.test.Guests;
import dev.mica.test.NeedsRoot;
import dev.mica.test.Scratch;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Whoever takes or releases a snapshot of a disk is killed before each of the changes that QEMU is
 * told of. QEMU must go on, and the next one must be able to release the snapshot and take another.
 */
@NeedsRoot
@Timeout(300)
@SuppressWarnings("NullAway.Init") // JUnit sees to the fields
final class SnapshotCutTest {
  private static final int ALL = 1000;

  private static Scratch scratch;
  private static Machine machine;
  private static QmpCut cut;

  enum Operation {
    TAKE,
    RELEASE
  }

  @BeforeAll
  static void boot() throws IOException {
    scratch = new Scratch();
    Path file = scratch.path("disk.img");
    try (RandomAccessFile disk = new RandomAccessFile(file.toFile(), "rw")) {
      disk.setLength(64L << 20);
    }
    machine =
        new QemuMachine(
            StateDir.at(scratch.path("home")).waiting(Duration.ofMinutes(3)),
            MachineSpec.container("cut", "vms/cut", "cut", 256L << 20, 1, List.of(file)),
            Starter.Settings.of(Guests.environment()));
    machine.boot(Duration.ZERO);
    cut = new QmpCut(scratch.path("home/vms/cut/qmp.sock"));
  }

  @AfterAll
  static void end() throws IOException {
    cut.close();
    machine.kill();
    scratch.close();
  }

  @ParameterizedTest
  @EnumSource
  void qemuGoesOn(Operation operation) {
    int changes = 0;
    for (boolean through = false; !through; changes++) {
      cut.allow(ALL);
      if (operation == Operation.RELEASE) {
        takeAndPlug();
      }
      cut.allow(changes);
      through = isThrough(operation);
      cut.allow(ALL);
      String where = operation + ", killed before change " + (changes + 1);
      machine.releaseSnapshot(0);
      machine.releaseSnapshot(0);
      assertThat(machine.status().state()).as(where).isEqualTo(Machine.State.RUNNING);
      takeAndPlug();
      machine.plugSnapshot(0);
      machine.releaseSnapshot(0);
      assertThat(machine.status().state()).as(where).isEqualTo(Machine.State.RUNNING);
    }
    assertThat(changes).as("all of them").isGreaterThan(4);
  }

  private static void takeAndPlug() {
    machine.takeSnapshot(0);
    machine.plugSnapshot(0);
  }

  private static boolean isThrough(Operation operation) {
    try {
      if (operation == Operation.TAKE) {
        takeAndPlug();
      } else {
        machine.releaseSnapshot(0);
      }
      return true;
    } catch (MicaException killed) {
      return false;
    }
  }
}
