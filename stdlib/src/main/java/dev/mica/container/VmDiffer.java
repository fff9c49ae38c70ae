package dev.mica.container;

import dev.mica.access.Caller;
import dev.mica.commit.CommitLayers;
import dev.mica.core.LayerFlag;
import dev.mica.core.Tree;
import dev.mica.core.TreeTotals;
import dev.mica.folder.Diff;
import dev.mica.job.Activity;
import dev.mica.state.StateDir;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.OptionalLong;
import java.util.stream.Stream;

/**
 * Tells what one VM's container has changed: takes it as a commit would, has the core compare, and
 * keeps only the lines.
 */
final class VmDiffer {
  private final Caller caller;
  private final CommitLayers layers;
  private final VmCapture capture;
  private final VmRecord vm;

  /** Of that VM, for {@code caller}. */
  VmDiffer(Caller caller, StateDir state, CommitLayers layers, Runner runner) {
    this.caller = caller;
    this.layers = layers;
    this.capture = new VmCapture(state, runner, "diff");
    this.vm = runner.vm();
  }

  /** With no commit of this VM under way. */
  Diff diff() {
    String called = "the VM " + vm.name();
    try (Activity diff =
        Activity.begin("diff " + called, OptionalLong.empty(), Activity.Work.NONE)) {
      return layers.look(
          vm.lowers(),
          called,
          layer -> take(diff, layer),
          layer -> {
            diff.step("compare");
            List<Path> all = Stream.concat(Stream.of(layer), vm.lowers().stream()).toList();
            return Diff.kept(
                Diff.recorded(
                    caller, vm.from(), Tree.layers(vm.lowers()), called, Tree.layers(all)),
                layer.resolveSibling(layer.getFileName() + ".diff"));
          });
    }
  }

  private void take(Activity diff, Path layer) {
    diff.step("hold it still");
    try (Moment moment = capture.moment()) {
      diff.step("take what it changed");
      TreeTotals _ = capture.receive(moment, layer, EnumSet.noneOf(LayerFlag.class));
    }
  }
}
