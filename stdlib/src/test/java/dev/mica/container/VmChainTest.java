package dev.mica.container;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mica.access.Caller;
import dev.mica.commit.Commit;
import dev.mica.commit.Commits;
import dev.mica.failure.MicaException;
import dev.mica.folder.Folder;
import dev.mica.folder.LayerSource;
import dev.mica.state.StateDir;
import dev.mica.test.Lab;
import dev.mica.test.NeedsRoot;
import dev.mica.test.Scratch;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Commits that stand on one another, each made of a container of the one before, and one of many
 * entries: 50 and a million with {@code MICA_FULL=1}.
 */
@NeedsRoot
@Timeout(7200)
final class VmChainTest {
  private static final boolean FULL = "1".equals(System.getenv("MICA_FULL"));
  private static final int LENGTH = FULL ? 50 : 8;

  /** So many folders, each with so many files. */
  private static final int MANY = Integer.getInteger("mica.many", FULL ? 1000 : 30);

  /** A file system has an inode for each 16 KiB. */
  private static final long ROOM_FOR_MANY = 32L << 30;

  private static Scratch scratch;
  private static Vms vms;
  private static Commits commits;
  private static Folder base;

  @BeforeAll
  static void make() throws IOException {
    scratch = new Scratch();
    StateDir state = StateDir.at(scratch.path("home"));
    vms = TestVms.of(state);
    commits = TestVms.commits(state);
    base = Folder.of(Caller.ofProcess(), TestRoot.busybox(scratch.dir("base")).path());
  }

  @AfterAll
  static void remove() {
    for (Vm vm : vms.list()) {
      vm.kill();
      vm.remove();
    }
    scratch.awaitDigests();
    scratch.close();
  }

  private static Vm started(String name, LayerSource from) {
    return vms.create(VmSpec.of(name, from, List.of("sleep", "100000"))).start();
  }

  private static String run(Vm vm, String script) {
    Ran ran = vm.exec("sh", "-ec", script);
    assertThat(ran.status()).as(ran.errors()).isZero();
    return ran.output();
  }

  /** Each adds a name, removes the one that came two before it, and writes over one. */
  private static Commit next(LayerSource from, int number) {
    Vm vm = started("link" + number, from);
    run(
        vm,
        "echo %d > /top; echo %d > /n%d; rm -f /n%d".formatted(number, number, number, number - 2));
    Commit commit = vm.commit("chain:" + number);
    vm.kill();
    vm.remove();
    return commit;
  }

  @Test
  void aTreeOfManyEntriesIsCommittedAndDiffed() {
    VmSpec spec = VmSpec.of("many", base, List.of("sleep", "100000"));
    Vm vm = vms.create(spec.but().disk(ROOM_FOR_MANY).build()).start();
    long begin = System.nanoTime();
    run(
        vm,
        "mkdir /many; for d in $(seq %d); do mkdir /many/$d; cd /many/$d; seq %d | xargs touch; done"
            .formatted(MANY, MANY));
    long made = System.nanoTime();
    Commit commit = vm.commit("many:1");
    long committed = System.nanoTime();
    long entries = MANY * (MANY + 1L) + 1;
    assertThat(vm.diff().summary().added()).isEqualTo(entries);
    long diffed = System.nanoTime();
    System.out.printf(
        "VmChainTest: %d entries: made in %d s, committed in %d s, diffed in %d s%n",
        entries, seconds(begin, made), seconds(made, committed), seconds(committed, diffed));
    assertThat(commit.diff().summary().added()).isEqualTo(entries);
    vm.kill();
    vm.remove();
    Vm second = started("fewer", commit);
    run(second, "rm -r /many/7");
    assertThat(Lab.lines(second.diff())).containsExactly("deleted many/7");
    second.kill();
    second.remove();
    commit.remove();
  }

  private static long seconds(long from, long to) {
    return Duration.ofNanos(to - from).toSeconds();
  }

  @Test
  void aLongChainIsWhatEachHasAddedUntilItIsSquashed() throws IOException {
    List<Commit> chain = new ArrayList<>();
    LayerSource from = base;
    for (int i = 0; i < LENGTH; i++) {
      chain.add(next(from, i));
      from = chain.getLast();
    }
    Commit end = chain.getLast();
    assertThat(end.layers()).hasSize(LENGTH + 1);
    assertThat(commits.log("chain:" + (LENGTH - 1)))
        .extracting(Commit::id)
        .containsExactlyElementsOf(chain.reversed().stream().map(Commit::id).toList());

    Vm vm = started("end", end);
    String seen = run(vm, "cat /top; echo /n*");
    assertThat(seen).isEqualTo("%d\n/n%d /n%d\n".formatted(LENGTH - 1, LENGTH - 2, LENGTH - 1));
    assertThat(vm.diff().toList()).isEmpty();
    assertThatThrownBy(end::remove).hasMessageContaining("the VM end stands on it");
    assertThatThrownBy(commits::removeAll).isInstanceOf(MicaException.class);
    assertThat(commits.list()).hasSize(LENGTH);
    assertThat(commits.gc()).isEmpty();

    Commit whole = vm.commit(new CommitSpec("whole:1", "", "", "", List.of(), true));
    assertThat(whole.layers()).containsExactly(whole.layer());
    assertThat(whole.parent()).isEmpty();
    assertThat(whole.config()).isEqualTo(end.config());
    assertThat(end.diff(whole).toList()).isEmpty();
    assertThat(run(vm, "echo on")).isEqualTo("on\n");
    vm.kill();
    vm.remove();

    Vm second = started("second", whole);
    assertThat(run(second, "cat /top; echo /n*")).isEqualTo(seen);
    assertThat(second.diff().toList()).isEmpty();
    run(second, "rm /top");
    assertThat(Lab.lines(second.diff())).containsExactly("deleted top");
    assertThatThrownBy(commits::removeAll).hasMessageContaining("the VM second stands on it");
    assertThat(commits.list())
        .as("nothing needs the chain")
        .extracting(Commit::id)
        .containsExactly(whole.id());
    assertThat(scratch.path("home/layers").toFile().list()).containsExactly(whole.id());
    assertThat(whole.verify()).noneMatch(Commit.Verified::isBad);
  }
}
