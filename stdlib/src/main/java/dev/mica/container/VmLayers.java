package dev.mica.container;

import dev.mica.commit.LayerUser;
import dev.mica.state.Records;
import dev.mica.state.StateDir;
import java.nio.file.Path;
import java.util.Optional;

/** What the commit store needs to know of VMs, and nobody else. */
public final class VmLayers implements LayerUser {
  private final Records records;

  /** Of the VMs that {@code state} keeps. */
  public VmLayers(StateDir state) {
    this.records = Vms.records(state);
  }

  @Override
  public Optional<String> standingOn(Path layer) {
    return records.all(VmRecord::of).complete().stream()
        .filter(vm -> vm.lowers().stream().anyMatch(lower -> lower.startsWith(layer)))
        .map(vm -> "the VM " + vm.name())
        .findFirst();
  }
}
