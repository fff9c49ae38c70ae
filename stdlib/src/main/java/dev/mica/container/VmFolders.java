package dev.mica.container;

import dev.mica.commit.LayerUser;
import dev.mica.state.LockedState;
import dev.mica.state.Records;
import dev.mica.state.StateDir;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import tools.jackson.databind.node.ObjectNode;

/** What the commit store and unions need to know of VMs, and nobody else. */
public final class VmFolders implements LayerUser {
  private final Records records;

  /** Of the VMs that {@code state} keeps. */
  public VmFolders(StateDir state) {
    this.records = Vms.records(state);
  }

  @Override
  public Optional<String> standingOn(LockedState locked, Path layer) {
    return with(locked, records.all(VmRecord::of).complete())
        .filter(vm -> vm.lowers().stream().anyMatch(lower -> lower.startsWith(layer)))
        .map(vm -> "the VM " + vm.name())
        .findFirst();
  }

  /** The folders of this host that they may write to, and who: "the VM web". */
  public Map<Path, String> writing(LockedState locked) {
    Map<Path, String> writing = new LinkedHashMap<>();
    with(locked, records.all(VmRecord::of).readable())
        .forEach(vm ->
            vm.shares().stream()
                .filter(share -> !share.readOnly())
                .forEach(share -> writing.putIfAbsent(share.folder(), "the VM " + vm.name())));
    return writing;
  }

  /** Those, and what is being made. */
  private static Stream<VmRecord> with(LockedState locked, List<VmRecord> made) {
    return Stream.concat(
        made.stream(), locked.noted(Vms.CREATE).stream().flatMap(VmFolders::noted));
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
