package dev.mica.container;

import dev.mica.vm.Machine;
import dev.mica.vm.guest.ContainerInit;
import dev.mica.vm.guest.ContainerRuntime;
import dev.mica.vm.network.Carrier;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** What a container needs of this host besides what a helper VM does. */
public final class VmParts {
  private VmParts() {}

  /** Each as it is found here. */
  public static List<Machine.Part> find() {
    return List.of(
        part("container runtime", ContainerRuntime.program(), ContainerRuntime.FIX),
        part("first process of containers", ContainerInit.program(), ContainerInit.FIX),
        part("disks of VMs", Disk.program(), Disk.FIX),
        part("system calls of containers", Seccomp.profile(), Seccomp.FIX),
        part("network of containers", Carrier.passt(), Carrier.FIX));
  }

  private static Machine.Part part(String name, Optional<Path> found, String fix) {
    return found
        .map(path -> new Machine.Part(name, true, false, path.toString(), ""))
        .orElseGet(() -> new Machine.Part(name, false, false, "it is not installed", fix));
  }
}
