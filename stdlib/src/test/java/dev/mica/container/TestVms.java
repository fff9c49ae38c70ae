package dev.mica.container;

import dev.mica.commit.CommitLayers;
import dev.mica.commit.Commits;
import dev.mica.helper.HelperServer;
import dev.mica.image.Images;
import dev.mica.state.StateDir;
import dev.mica.test.Guests;
import dev.mica.union.UnionLayers;
import dev.mica.union.Unions;
import java.nio.file.Path;

/** The VMs of a state directory, wired as the engine does it. */
final class TestVms {
  private TestVms() {}

  static Vms of(StateDir state) {
    Guests.into(state.path());
    return new Vms(state, new CommitLayers(state), commits(state));
  }

  static Unions unions(Path home) {
    StateDir state = StateDir.at(home);
    return new Unions(state, new HelperServer(state), new VmFolders(state)::writing);
  }

  static Commits commits(StateDir state) {
    HelperServer helper = new HelperServer(state);
    return new Commits(
        state,
        new Unions(state, helper, new VmFolders(state)::writing),
        new UnionLayers(state, helper),
        new VmFolders(state),
        new Images(state));
  }
}
