package dev.mica.container;

import dev.mica.commit.CommitLayers;
import dev.mica.core.Core;
import dev.mica.core.DiffReader;
import dev.mica.core.LayerFlag;
import dev.mica.core.Tree;
import dev.mica.core.TreeTotals;
import dev.mica.failure.MicaException;
import dev.mica.job.Activity;
import dev.mica.state.Hold;
import dev.mica.state.StateDir;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Makes a commit of one VM: what its container changed over its start folder becomes a layer of the
 * store. There is a commit only if the layer has all that the guest folder had. As the two lie on
 * the same lowers, equal layers make equal unions.
 */
final class VmCommitter {
  private final StateDir state;
  private final CommitLayers layers;
  private final Runner runner;
  private final VmCapture capture;

  VmCommitter(StateDir state, CommitLayers layers, Runner runner) {
    this.state = state;
    this.layers = layers;
    this.runner = runner;
    this.capture = new VmCapture(state, runner, "commit");
  }

  private String name() {
    return runner.vm().name();
  }

  /** Makes it with that id, with no other commit of this VM under way. */
  void commit(String id, CommitSpec spec) {
    String doing = "commit " + spec.ref() + " from the VM " + name();
    CommitLayers.Planned planned =
        new CommitLayers.Planned(
            spec.ref(),
            spec.message(),
            runner.vm().lowers(),
            "the VM " + name(),
            FromImage.asItRuns(runner.vm(), layers.config(runner.vm().lowers())),
            spec.changes(),
            spec.squash());
    try (Activity commit = Activity.begin(doing, OptionalLong.empty(), Activity.Work.NONE)) {
      if (spec.hasCommands()) {
        runner.status().requireRunning("run a command for the commit in");
      }
      run("before", spec.before());
      String _ = layers.commit(id, planned, layer -> fill(commit, layer, spec));
    }
  }

  private CommitLayers.Filled fill(Activity commit, Path layer, CommitSpec spec) {
    commit.step("hold it still");
    try (Moment moment = moment(spec)) {
      commit.step("take what it changed");
      TreeTotals totals = capture.receive(moment, layer, EnumSet.of(LayerFlag.SYNC));
      if (!spec.ref().isEmpty() && !spec.squash()) {
        requireChange(spec, layer, totals);
      }
      return new CommitLayers.Filled(moment.held());
    }
  }

  private Moment moment(CommitSpec spec) {
    if (spec.after().isEmpty()) {
      return capture.moment();
    }
    Moment moment = null;
    boolean done = false;
    try {
      moment = capture.moment();
      run("after", spec.after());
      done = true;
      return moment;
    } finally {
      if (!done) {
        undo(moment, spec);
      }
    }
  }

  private void undo(@Nullable Moment moment, CommitSpec spec) {
    if (moment != null) {
      moment.close();
    } else {
      run("after", spec.after());
    }
  }

  private void requireChange(CommitSpec spec, Path layer, TreeTotals totals) {
    if (totals.entries() > 1 || !spec.changes().isEmpty()) {
      return;
    }
    List<Path> lowers = runner.vm().lowers();
    List<Path> all = Stream.concat(Stream.of(layer), lowers.stream()).toList();
    try (DiffReader changes = Core.diff(Tree.layers(lowers), Tree.layers(all), true)) {
      if (!changes.next()) {
        throw CommitSpec.unchanged(spec.ref(), name());
      }
    }
  }

  /** Runs a command in the container, for programs that want to know of a commit. */
  private void run(String when, String command) {
    if (command.isEmpty()) {
      return;
    }
    Ran ran;
    try (Hold _ = state.hold("run a command in the VM " + name(), Vms.object(name()))) {
      ran =
          Exec.run(
              new Exec(runner)
                  .start(new ExecSpec(List.of("/bin/sh", "-c", command), Map.of(), false, false)));
    }
    if (ran.status() != 0) {
      throw MicaException.failed(
          "run the command --" + when + " in the VM",
          name(),
          "it ended with " + ran.status() + said(ran));
    }
  }

  private static String said(Ran ran) {
    String words = (ran.errors() + ran.output()).strip();
    return words.isEmpty() ? "" : ": " + words.lines().reduce((first, last) -> last).orElse("");
  }
}
