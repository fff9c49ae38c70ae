package dev.mica.container;

import dev.mica.access.Caller;
import dev.mica.core.Identity;
import dev.mica.core.OpenDirectory;
import dev.mica.failure.MicaException;
import dev.mica.state.StateDir;
import dev.mica.union.FoldersInUse;
import dev.mica.vm.Machine;
import dev.mica.vm.agent.Agent;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The shares of a VM as its guest has them, each with a file server. */
record Volumes(StateDir state, VmRecord vm) {
  private static final String CREATE = "create the VM";
  private static final String START = "start the VM";

  /**
   * What is to be kept of the shares of a VM that is about to be made; fails where one cannot be.
   */
  static List<Volume> record(
      Caller caller, StateDir state, String name, List<VmShare> shares, List<Path> lowers) {
    List<Volume> all = new ArrayList<>();
    for (VmShare share : shares) {
      requireApart(name, share, all);
      all.add(
          FoldersInUse.opened(
              CREATE,
              name,
              share.folder().path(),
              open -> {
                caller.requireWithin(open.openedBy()); // it may lead elsewhere since it was named
                requireFree(state, CREATE, name, open, share.readOnly(), lowers);
                return new Volume(open.openedBy(), open.identity(), share.at(), share.readOnly());
              }));
    }
    return all;
  }

  /** One in another would have its mount point made in the other's folder. */
  private static void requireApart(String name, VmShare share, List<Volume> others) {
    Path at = Path.of(share.at());
    for (Volume other : others) {
      Path there = Path.of(other.at());
      if (at.startsWith(there) || there.startsWith(at)) {
        throw MicaException.usage(
                CREATE, name, "its shares at " + at + " and at " + there + " overlap")
            .hint("give each a folder of its own in the container");
      }
    }
  }

  private static void requireFree(
      StateDir state,
      String doing,
      String name,
      OpenDirectory folder,
      boolean readOnly,
      List<Path> lowers) {
    FoldersInUse folders = new FoldersInUse(state);
    Optional<String> inTheWay =
        readOnly
            ? folders.storeInTheWayOf(folder)
            : folders.inTheWayOf(folder, startFolders(state, lowers));
    inTheWay.ifPresent(what -> {
      MicaException refused =
          MicaException.failed(
              doing, name, "its share " + folder.openedBy() + " and " + what + " overlap");
      throw refused.hint("share another folder" + (readOnly ? "" : ", or this one read-only"));
    });
  }

  private static Map<Path, String> startFolders(StateDir state, List<Path> lowers) {
    Map<Path, String> others = new LinkedHashMap<>();
    lowers.forEach(lower -> others.put(lower, "its start folder"));
    for (VmRecord other : Vms.records(state).all(VmRecord::of).complete()) {
      other
          .lowers()
          .forEach(lower -> others.putIfAbsent(lower, "the start folder of " + other.name()));
    }
    return others;
  }

  /** What the guest calls it. */
  static String name(int number) {
    return "v" + number;
  }

  /** Plugs and mounts them, below {@code /shares}. */
  void mount(Machine machine, Agent agent) {
    List<Agent.Answer<Boolean>> mounted = new ArrayList<>();
    for (int i = 0; i < vm.shares().size(); i++) {
      Volume volume = vm.shares().get(i);
      String tag =
          FoldersInUse.opened(
              START, vm.name(), volume.folder(), open -> plug(machine, volume, open));
      mounted.add(agent.mountVolume(tag, name(i)));
    }
    for (Agent.Answer<Boolean> each : mounted) {
      boolean _ = each.await();
    }
  }

  /** The directory that was shared, and no other that its path leads to by now. */
  private String plug(Machine machine, Volume volume, OpenDirectory folder) {
    if (!volume.is().is(folder.identity())) {
      throw MicaException.failed(
              START,
              vm.name(),
              "its share " + volume.folder() + " is not the directory that it was made with")
          .hint("put that one back, or remove the VM and make it again");
    }
    requireFree(state, START, vm.name(), folder, volume.readOnly(), vm.lowers());
    return machine.plugVolume(folder, volume.readOnly()).tag();
  }

  /** Where the one is in the container whose file server has ended. */
  Optional<String> lost(Machine machine) {
    List<Identity> lost =
        machine.lostShares().stream().map(share -> Identity.of(share.identity())).toList();
    return vm.shares().stream()
        .filter(volume -> lost.stream().anyMatch(volume.is()::is))
        .map(Volume::at)
        .findFirst();
  }
}
