package dev.mica.container;

import dev.mica.failure.MicaException;
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
 * @param entrypoint what the words of {@code program} are the arguments of, instead of the image's
 *     entrypoint; null: the image's; empty: of nothing, and the image's own words are not used
 *     either
 * @param program what it runs, and its arguments; with an entrypoint the arguments of that
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
 * @param ulimits what each of its processes may have; of several of a kind the last
 * @param init whether its first process is one that starts the program and looks after what that
 *     leaves behind
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
    Restart restart,
    boolean remove) {
  private static final long MEBIBYTE = 1L << 20;

  /** What a VM has unless it is said. */
  public static final long MEMORY = 512 * MEBIBYTE;

  /** Likewise. */
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

  /** One that runs {@code program} as root, with what a VM has unless it is said. */
  public static VmSpec of(@Nullable String name, LayerSource from, List<String> program) {
    return of(name, from).program(program).user("0:0").folder("/").build();
  }

  /** Begins with what a VM has unless it is said. */
  public static Builder of(@Nullable String name, LayerSource from) {
    return of(name).from(from);
  }

  /** The same; from what is still to be said. */
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

  /** Begins with what this one says. */
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
        .restart(restart)
        .remove(remove);
  }

  /** Collects what is said of a VM, each as the component of that name; not checked. */
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

    /** What the program's words are the arguments of; null: as the image says. */
    public Builder entrypoint(@Nullable List<String> words) {
      entrypoint = words;
      return this;
    }

    /** What it runs. */
    public Builder program(List<String> words) {
      program = words;
      return this;
    }

    /** The variables of that. */
    public Builder environment(Map<String, String> variables) {
      environment = variables;
      return this;
    }

    /** Whose that is. */
    public Builder user(String ids) {
      user = ids;
      return this;
    }

    /** The working folder of that. */
    public Builder folder(String path) {
      folder = path;
      return this;
    }

    /** Whether that has a terminal. */
    public Builder terminal(boolean whether) {
      terminal = whether;
      return this;
    }

    /** Whether that takes input. */
    public Builder input(boolean whether) {
      input = whether;
      return this;
    }

    /** Bytes. */
    public Builder memory(long bytes) {
      memory = bytes;
      return this;
    }

    /** How many. */
    public Builder processors(int number) {
      processors = number;
      return this;
    }

    /** Bytes. */
    public Builder disk(long bytes) {
      disk = bytes;
      return this;
    }

    /** What people say of it. */
    public Builder labels(Map<String, String> said) {
      labels = said;
      return this;
    }

    /** What it can reach. */
    public Builder network(Network reach) {
      network = reach;
      return this;
    }

    /** Folders of this host that it has too. */
    public Builder shares(List<VmShare> folders) {
      shares = folders;
      return this;
    }

    /** What each of its processes may have. */
    public Builder ulimits(List<Ulimit> limits) {
      ulimits = limits;
      return this;
    }

    /** Whether it has a first process besides the program. */
    public Builder init(boolean whether) {
      init = whether;
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

    /** What was said; fails if it was not said from what. */
    public VmSpec build() {
      if (from == null) {
        throw MicaException.usage(
                "create the VM", name == null ? "" : name, "it does not say from what")
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
          restart,
          remove);
    }
  }
}
