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
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Commits that stand on one another, each made of a container of the one before: 50 with {@code
 * MICA_FULL=1}.
 */
@NeedsRoot
@Timeout(900)
final class VmChainTest {
  private static final int LENGTH = "1".equals(System.getenv("MICA_FULL")) ? 50 : 15;

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
