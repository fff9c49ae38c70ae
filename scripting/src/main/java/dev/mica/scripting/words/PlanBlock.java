package dev.mica.scripting.words;

import dev.mica.Mica;
import dev.mica.container.Port;
import dev.mica.container.Restart;
import dev.mica.container.VmCheck;
import dev.mica.container.VmSpec;
import dev.mica.failure.MicaException;
import dev.mica.folder.Folder;
import dev.mica.folder.LayerSource;
import dev.mica.union.UnionCheck;
import dev.mica.union.UnionSpec;
import groovy.lang.Closure;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Collects what a {@code plan} block describes, and checks it when the block has ended: so {@code
 * start()} counts wherever it was said. Public for the scripts it serves.
 */
public final class PlanBlock extends WordsBlock implements PlanWords {
  private static final int MEBIBYTES = 20;
  private static final String PULL = "pull";

  private final List<Object> planned = new ArrayList<>();

  public PlanBlock(Mica mica, Map<String, @Nullable Object> variables) {
    super(mica, variables);
  }

  @Override
  public PlannedVm vm(String name, Closure<?> block) {
    PlannedVm vm = new PlannedVm(Blocks.run(block, new VmBlock(name, mica(), variables())).spec());
    planned.add(vm);
    return vm;
  }

  @Override
  public void union(Closure<?> block) {
    planned.add(Blocks.run(block, new UnionBlock(mica(), variables())).spec());
  }

  /** What would be done, in that order. */
  public List<Step> steps() {
    List<Step> steps = new ArrayList<>();
    Set<String> names = new HashSet<>();
    for (Object one : planned) {
      if (one instanceof PlannedVm vm) {
        steps.addAll(steps(vm, names));
      } else if (one instanceof UnionSpec union) {
        steps.add(mount(union, names));
      }
    }
    return List.copyOf(steps);
  }

  private List<Step> steps(PlannedVm vm, Set<String> names) {
    String what = "VM " + vm.name();
    String from = vm.spec().from().label();
    List<Step> steps = new ArrayList<>();
    if (vm.spec().from() instanceof Unpulled && names.add(PULL + from)) {
      steps.add(new Step(PULL, "image " + from, "it is not here", ""));
    }
    VmSpec spec;
    try {
      requireNew("create the VM", vm.name(), names.add(what));
      spec = VmCheck.of(mica().vms(), known(vm.spec()), vm.isStarted());
    } catch (MicaException problem) {
      steps.add(new Step("make", what, made(vm.spec(), from), problem(problem)));
      return steps;
    }
    steps.add(new Step("make", what, made(spec, from), ""));
    if (vm.isStarted()) {
      spec.network().ports().forEach(port -> steps.add(publish(what, port)));
      steps.add(new Step("start", what, started(vm.spec(), spec), ""));
    }
    vm.commits().forEach(ref -> steps.add(commit(what, spec, vm.isStarted(), ref)));
    return steps;
  }

  /**
   * What of a VM can be checked before its image is here: a folder that every host has stands for
   * that, and if the image is to say what to run, so does that.
   */
  private static VmSpec known(VmSpec spec) {
    if (!(spec.from() instanceof Unpulled image)) {
      return spec;
    }
    VmSpec known = spec.with(new AnyFolder(image.label()));
    return saysProgram(spec)
        ? known
        : known.but().program(List.of("what " + image.label() + " says")).build();
  }

  private record AnyFolder(String label) implements LayerSource {
    @Override
    public List<Path> layers() {
      return List.of(Path.of("/proc"));
    }
  }

  private static boolean saysProgram(VmSpec spec) {
    List<String> entrypoint = spec.entrypoint();
    return !spec.program().isEmpty() || (entrypoint != null && !entrypoint.isEmpty());
  }

  private static String started(VmSpec asked, VmSpec checked) {
    String words = String.join(" ", checked.program());
    return asked.from() instanceof Unpulled && asked.entrypoint() == null && saysProgram(asked)
        ? words + ", by the entrypoint of " + asked.from().label() + " if it has one"
        : words;
  }

  private static Step commit(String what, VmSpec spec, boolean started, String ref) {
    try {
      return new Step("commit", what, "as " + VmCheck.commit(spec, started, ref), "");
    } catch (MicaException problem) {
      return new Step("commit", what, "as " + ref, problem(problem));
    }
  }

  private static String made(VmSpec spec, String from) {
    return "from "
        + from
        + ", "
        + (spec.memory() >> MEBIBYTES)
        + " MiB of memory, "
        + spec.processors()
        + (spec.processors() == 1 ? " processor" : " processors")
        + ", a disk of "
        + (spec.disk() >> MEBIBYTES)
        + " MiB"
        + spec.shares().stream().map(share -> ", share " + share).collect(Collectors.joining())
        + (spec.restart().equals(Restart.NO) ? "" : ", restart " + spec.restart());
  }

  private static Step publish(String what, Port port) {
    String host = port.host() == 0 ? "a free port" : "port " + port.host();
    return new Step(
        "publish", what, host + " of " + port.address() + " leads to " + port.guest(), "");
  }

  private Step mount(UnionSpec asked, Set<String> names) {
    String name = asked.name() != null ? asked.name() : asked.at().name();
    String what = "union " + name;
    try {
      requireNew("create the union", name, names.add(what));
      return new Step("mount", what, mounted(UnionCheck.of(mica().unions(), asked)), "");
    } catch (MicaException problem) {
      return new Step("mount", what, mounted(asked), problem(problem));
    }
  }

  private static String mounted(UnionSpec spec) {
    Folder upper = spec.upper();
    return "at "
        + spec.at().location()
        + " via "
        + spec.via().name().toLowerCase(Locale.ROOT)
        + (upper == null ? ", read-only" : ", upper " + upper.location())
        + ", over "
        + spec.lowers().stream().map(LayerSource::label).collect(Collectors.joining(", "));
  }

  /** Those that are there already are found by the checks. */
  private static void requireNew(String doing, String name, boolean isNew) {
    if (!isNew) {
      throw MicaException.failed(doing, name, "there is another of that name in this plan");
    }
  }

  private static String problem(MicaException failure) {
    return String.valueOf(failure.getMessage());
  }
}
