package dev.mica.container;

import dev.mica.folder.LayerSource;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A VM as it was asked for: a plain value, checked by {@link Vms#create}. What is empty of program,
 * user and working folder is as the image says that it is made from.
 *
 * @param name how it is called; null: a name is made up
 * @param from the start folder, which nobody in it can change
 * @param program what it runs, and its arguments; of an image with an entrypoint the arguments of
 *     that
 * @param environment the variables of that, besides {@code PATH}, {@code HOME} and {@code TERM}
 * @param user whose the program is: {@code USER} or {@code USER:GROUP}, each a name or a number
 * @param folder the program's working folder, in the container
 * @param terminal whether the program has a terminal rather than three pipes
 * @param input whether somebody may write to the program's standard input
 * @param memory of the VM, bytes
 * @param processors of the VM
 * @param disk what the guest folder may grow to, bytes
 * @param labels what people say of it
 * @param network what it can reach, and what reaches it
 * @param shares folders of this host that it has too
 * @param remove whether it is removed when its program has ended
 */
public record VmSpec(
    @Nullable String name,
    LayerSource from,
    List<String> program,
    Map<String, String> environment,
    String user,
    String folder,
    boolean terminal,
    boolean input,
    long memory,
    int processors,
    long disk,
    Map<String, String> labels,
    Network network,
    List<VmShare> shares,
    boolean remove) {
  private static final long MEBIBYTE = 1L << 20;

  /** What a VM has unless it is said. */
  public static final long MEMORY = 512 * MEBIBYTE;

  /** Likewise. */
  public static final long DISK = 10_240 * MEBIBYTE;

  /** Copies the lists. */
  public VmSpec {
    program = List.copyOf(program);
    environment = Map.copyOf(environment);
    labels = Map.copyOf(labels);
    shares = List.copyOf(shares);
  }

  /** One that runs {@code program} as root, with what a VM has unless it is said. */
  public static VmSpec of(@Nullable String name, LayerSource from, List<String> program) {
    return new VmSpec(
        name,
        from,
        program,
        Map.of(),
        "0:0",
        "/",
        false,
        false,
        MEMORY,
        1,
        DISK,
        Map.of(),
        Network.NONE,
        List.of(),
        false);
  }

  /** The same with another network. */
  public VmSpec with(Network other) {
    return with(other, shares, remove);
  }

  /** The same, which is removed when its program has ended. */
  public VmSpec removedAtEnd() {
    return with(network, shares, true);
  }

  /** The same with other shares. */
  public VmSpec with(List<VmShare> others) {
    return with(network, others, remove);
  }

  private VmSpec with(Network other, List<VmShare> folders, boolean removed) {
    return new VmSpec(
        name,
        from,
        program,
        environment,
        user,
        folder,
        terminal,
        input,
        memory,
        processors,
        disk,
        labels,
        other,
        folders,
        removed);
  }
}
