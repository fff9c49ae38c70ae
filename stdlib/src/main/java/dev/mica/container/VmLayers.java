package dev.mica.container;

import dev.mica.commit.LayerUser;
import dev.mica.state.Lock;
import dev.mica.state.Records;
import dev.mica.state.StateDir;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;
import tools.jackson.databind.node.ObjectNode;

/** What the commit store needs to know of VMs, and nobody else. */
public final class VmLayers implements LayerUser {
  private final Records records;

  /** Of the VMs that {@code state} keeps. */
  public VmLayers(StateDir state) {
    this.records = Vms.records(state);
  }

  @Override
  public Optional<String> standingOn(Lock lock, Path layer) {
    Stream<VmRecord> made = lock.noted(Vms.CREATE).stream().flatMap(VmLayers::noted);
    return Stream.concat(records.all(VmRecord::of).complete().stream(), made)
        .filter(vm -> vm.lowers().stream().anyMatch(lower -> lower.startsWith(layer)))
        .map(vm -> "the VM " + vm.name())
        .findFirst();
  }

  /** None where another Mica noted it in its own way: the doctor tells of that. */
  private static Stream<VmRecord> noted(ObjectNode facts) {
    try {
      return Stream.of(VmRecord.of(facts.required("name").asString(), facts));
    } catch (RuntimeException another) {
      return Stream.empty();
    }
  }
}
