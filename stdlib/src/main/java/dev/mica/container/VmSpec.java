package dev.mica.container;

import dev.mica.failure.MicaException;
import dev.mica.folder.LayerSource;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A VM as it was asked for: a plain value, which {@link Vms#create} checks. If the program, user or
 * working folder is empty, it is taken from the image that the VM is made from.
 *
 * @param name its name; null: Mica chooses one
 * @param from the start folder, which nobody in it can change
 * @param entrypoint the program that gets the words of {@code program} as arguments, instead of the
 *     image's entrypoint; null: the image's; empty: none, and then the image's own arguments are
 *     not used either
 * @param program the program that it runs, and the arguments; if there is an entrypoint, only the
 *     arguments
 * @param environment variables of the program, besides {@code PATH}, {@code HOME} and {@code TERM}
 * @param user the user of the program: {@code USER} or {@code USER:GROUP}, each a name or a number
 * @param folder the program's working folder, in the container
 * @param terminal whether the program has a terminal rather than three pipes
 * @param input whether the program's standard input can be written to
 * @param memory memory of the VM in bytes
 * @param processors number of processors of the VM
 * @param disk the size to which the guest folder may grow, in bytes
 * @param labels labels by which people describe it
 * @param network what it can reach, and what reaches it
 * @param shares folders of this host that it can use
 * @param ulimits limits of each of its processes; if there are several of one kind, the last counts
 * @param init whether its first process is one that starts the program, and reaps the processes
 *     that it leaves behind
 * @param stopSignal what its program is asked by to end: {@code SIGQUIT}, or a number; empty: what
 *     the image says, or else SIGTERM
 * @param restart whether it is started again when its program has ended by itself
 * @param remove whether it is removed when its program has ended
 */
public record VmSpec(
    @Nullable String name,
    LayerSource from,
    @Nullable List<String> entrypoint,
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
    List<Ulimit> ulimits,
    boolean init,
    String stopSignal,
    Restart restart,
    boolean remove) {
  private static final long MEBIBYTE = 1L << 20;

  /** The default memory. */
  public static final long MEMORY = 512 * MEBIBYTE;

  /** The default limit of the disk. */
  public static final long DISK = 10_240 * MEBIBYTE;

  /** Copies the lists. */
  public VmSpec {
    entrypoint = entrypoint == null ? null : List.copyOf(entrypoint);
    program = List.copyOf(program);
    environment = Map.copyOf(environment);
    labels = Map.copyOf(labels);
    shares = List.copyOf(shares);
    ulimits = List.copyOf(ulimits);
  }

  /** A VM that runs {@code program} as root, with the default values. */
  public static VmSpec of(@Nullable String name, LayerSource from, List<String> program) {
    return of(name, from).program(program).user("0:0").folder("/").build();
  }

  /** Begins with the default values. */
  public static Builder of(@Nullable String name, LayerSource from) {
    return of(name).from(from);
  }

  /** The same; the start folder must still be set. */
  public static Builder of(@Nullable String name) {
    return new Builder(name);
  }

  /** The same with another network. */
  public VmSpec with(Network other) {
    return but().network(other).build();
  }

  /** The same, which is removed when its program has ended. */
  public VmSpec removedAtEnd() {
    return but().remove(true).build();
  }

  /** The same with other shares. */
  public VmSpec with(List<VmShare> others) {
    return but().shares(others).build();
  }

  /** The same from another start folder. */
  public VmSpec with(LayerSource other) {
    return but().from(other).build();
  }

  /** Begins with the values of this spec. */
  public Builder but() {
    return of(name, from)
        .entrypoint(entrypoint)
        .program(program)
        .environment(environment)
        .user(user)
        .folder(folder)
        .terminal(terminal)
        .input(input)
        .memory(memory)
        .processors(processors)
        .disk(disk)
        .labels(labels)
        .network(network)
        .shares(shares)
        .ulimits(ulimits)
        .init(init)
        .stopSignal(stopSignal)
        .restart(restart)
        .remove(remove);
  }

  /**
   * Collects the values of a VM; each method sets the component of its name. Nothing is checked.
   */
  public static final class Builder {
    private final @Nullable String name;
    private @Nullable LayerSource from;
    private @Nullable List<String> entrypoint;
    private List<String> program = List.of();
    private Map<String, String> environment = Map.of();
    private String user = "";
    private String folder = "";
    private boolean terminal;
    private boolean input;
    private long memory = MEMORY;
    private int processors = 1;
    private long disk = DISK;
    private Map<String, String> labels = Map.of();
    private Network network = Network.NONE;
    private List<VmShare> shares = List.of();
    private List<Ulimit> ulimits = List.of();
    private boolean init;
    private String stopSignal = "";
    private Restart restart = Restart.NO;
    private boolean remove;

    private Builder(@Nullable String name) {
      this.name = name;
    }

    /** The start folder. */
    public Builder from(LayerSource layer) {
      from = layer;
      return this;
    }

    /** The program that gets the program's words as arguments; null: as the image says. */
    public Builder entrypoint(@Nullable List<String> words) {
      entrypoint = words;
      return this;
    }

    /** The program that it runs. */
    public Builder program(List<String> words) {
      program = words;
      return this;
    }

    /** The variables of the program. */
    public Builder environment(Map<String, String> variables) {
      environment = variables;
      return this;
    }

    /** The user of the program. */
    public Builder user(String ids) {
      user = ids;
      return this;
    }

    /** The working folder of the program. */
    public Builder folder(String path) {
      folder = path;
      return this;
    }

    /** Whether the program has a terminal. */
    public Builder terminal(boolean whether) {
      terminal = whether;
      return this;
    }

    /** Whether the program takes input. */
    public Builder input(boolean whether) {
      input = whether;
      return this;
    }

    /** The memory in bytes. */
    public Builder memory(long bytes) {
      memory = bytes;
      return this;
    }

    /** The number of processors. */
    public Builder processors(int number) {
      processors = number;
      return this;
    }

    /** The limit of the disk in bytes. */
    public Builder disk(long bytes) {
      disk = bytes;
      return this;
    }

    /** Its labels. */
    public Builder labels(Map<String, String> said) {
      labels = said;
      return this;
    }

    /** What it can reach. */
    public Builder network(Network reach) {
      network = reach;
      return this;
    }

    /** Folders of this host that it can use. */
    public Builder shares(List<VmShare> folders) {
      shares = folders;
      return this;
    }

    /** The limits of each of its processes. */
    public Builder ulimits(List<Ulimit> limits) {
      ulimits = limits;
      return this;
    }

    /** Whether it has a first process that starts the program. */
    public Builder init(boolean whether) {
      init = whether;
      return this;
    }

    /** The signal that asks its program to end. */
    public Builder stopSignal(String signal) {
      stopSignal = signal;
      return this;
    }

    /** Whether it is started again. */
    public Builder restart(Restart policy) {
      restart = policy;
      return this;
    }

    /** Whether it is removed at its end. */
    public Builder remove(boolean whether) {
      remove = whether;
      return this;
    }

    /** The spec; fails if no start folder was set. */
    public VmSpec build() {
      if (from == null) {
        throw MicaException.usage(
                "create the VM", name == null ? "" : name, "it names no start folder")
            .hint("name its start folder: from '/srv/debian'");
      }
      return new VmSpec(
          name,
          from,
          entrypoint,
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
          network,
          shares,
          ulimits,
          init,
          stopSignal,
          restart,
          remove);
    }
  }
}
