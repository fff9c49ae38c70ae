package dev.mica.container;

import dev.mica.core.Identity;
import dev.mica.core.OpenDirectory;
import dev.mica.core.OverlayMount;
import dev.mica.failure.MicaException;
import dev.mica.vm.Machine;
import dev.mica.vm.agent.Agent;
import dev.mica.vm.share.Share;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The start folder of a VM as its guest has it. Each folder has a file server and a place on the
 * machine's bus, of which there are few. Layers of the store have one for all of them: they lie in
 * one file system, so that their files' numbers cannot be mixed up.
 */
record Lowers(Path home, VmRecord vm) {
  /** What overlayfs takes, less the one with the mount points. */
  private static final int MOST = OverlayMount.MOST_LOWERS - 1;

  /** How many places on the bus these may take. */
  private static final int MOST_SERVED = 50;

  /** What the guest calls the share of layers: all names must fit the page that mount(2) takes. */
  private static final String TOGETHER = "l";

  /** Fails where the kernel takes no such stack of folders. */
  static void requireFew(Path home, String name, String from, List<Path> lowers, int shares) {
    long alone = lowers.stream().filter(lower -> !isLayer(home, lower)).count();
    if (lowers.size() > MOST) {
      throw refused(name, from, lowers.size() + " layers; a VM takes " + MOST);
    }
    if (shares > 0 && alone + shares > MOST_SERVED) {
      throw MicaException.failed(
          "create the VM",
          name,
          from + " and its shares are " + (alone + shares) + " folders; a VM takes " + MOST_SERVED);
    }
    if (alone > MOST_SERVED) {
      throw refused(name, from, alone + " folders that are no layers; a VM takes " + MOST_SERVED);
    }
  }

  private static MicaException refused(String name, String from, String why) {
    return MicaException.failed("create the VM", name, from + " has " + why)
        .hint("make one folder of several, with folder.copyTo or an import");
  }

  private static boolean isLayer(Path home, Path lower) {
    return lower.startsWith(home.resolve("layers"));
  }

  /** Plugs and mounts them; where each is in the guest, topmost first. */
  List<Path> mount(Machine machine, Agent agent) {
    List<Agent.Answer<Agent.Probe>> mounted = new ArrayList<>();
    List<OpenDirectory> together = new ArrayList<>();
    List<Path> places = new ArrayList<>();
    try {
      for (int i = 0; i < vm.lowers().size(); i++) {
        if (isLayer(home, vm.lowers().get(i))) {
          places.add(Path.of(TOGETHER, Integer.toString(together.size())));
          together.add(open("start", i));
        } else {
          try (OpenDirectory folder = open("start", i)) {
            Share share = machine.plugShare(folder, true);
            mounted.add(agent.mountShare(share.tag(), share.tag(), true));
            places.add(Path.of(share.tag()));
          }
        }
      }
      if (!together.isEmpty()) {
        mounted.add(agent.mountShare(machine.plugLayers(together).tag(), TOGETHER, true));
      }
    } finally {
      together.forEach(OpenDirectory::close);
    }
    mounted.forEach(Agent.Answer::await);
    return places;
  }

  /**
   * Fails where a path leads to another directory by now than the one that the VM was made from.
   */
  void requireSame(String doing) {
    for (int i = 0; i < vm.lowers().size(); i++) {
      open(doing, i).close();
    }
  }

  /** The directory that the VM was made from, and no other that its path leads to by now. */
  private OpenDirectory open(String doing, int number) {
    Path lower = vm.lowers().get(number);
    OpenDirectory open = OpenDirectory.of(lower);
    if (vm.is().get(number).is(open.identity())) {
      return open;
    }
    open.close();
    throw MicaException.failed(
            doing + " the VM",
            vm.name(),
            "its start folder " + lower + " is not the directory that it was made from")
        .hint("put that one back, or remove the VM and make it again");
  }

  /** Whether the file server of one has ended. */
  boolean isLost(Machine machine) {
    return machine.lostShares().stream()
        .map(share -> Identity.of(share.identity()))
        .anyMatch(lost -> vm.is().stream().anyMatch(lost::is));
  }
}
