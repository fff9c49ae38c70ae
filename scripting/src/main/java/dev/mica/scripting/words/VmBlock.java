package dev.mica.scripting.words;

import dev.mica.Mica;
import dev.mica.container.Network;
import dev.mica.container.Port;
import dev.mica.container.Restart;
import dev.mica.container.Ulimit;
import dev.mica.container.VmShare;
import dev.mica.container.VmSpec;
import dev.mica.failure.MicaException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.codehaus.groovy.runtime.typehandling.DefaultTypeTransformation;
import org.jspecify.annotations.Nullable;

/** Collects the words of one {@code vm} block into a spec. Public for the scripts it serves. */
public final class VmBlock extends WordsBlock implements VmWords {
  private final VmSpec.Builder said;
  private final Map<String, String> environment = new TreeMap<>();
  private final Map<String, String> labels = new TreeMap<>();
  private final List<Port> ports = new ArrayList<>();
  private final List<VmShare> shares = new ArrayList<>();
  private final List<Ulimit> ulimits = new ArrayList<>();
  private String net = "none";

  /** A block about the VM of that name; {@code variables} are those of the script. */
  public VmBlock(String name, Mica mica, Map<String, @Nullable Object> variables) {
    super(mica, variables);
    said = VmSpec.of(name);
  }

  @Override
  public void from(Object layer) {
    said.from(new Coercions(mica()).start(layer));
  }

  @Override
  public void run(String... words) {
    said.program(List.of(words));
  }

  /** Empty words take it away, as they do on the command line. */
  @Override
  public void entrypoint(String... words) {
    said.entrypoint(List.of(words).equals(List.of("")) ? List.of() : List.of(words));
  }

  @Override
  public void memory(long bytes) {
    said.memory(bytes);
  }

  @Override
  public void cpus(int number) {
    said.processors(number);
  }

  @Override
  public void disk(long bytes) {
    said.disk(bytes);
  }

  @Override
  public void env(Map<String, ?> more) {
    more.forEach((key, value) -> environment.put(key, String.valueOf(value)));
  }

  @Override
  public void user(Object ids) {
    said.user(String.valueOf(ids));
  }

  @Override
  public void workdir(String path) {
    said.folder(path);
  }

  @Override
  public void net(String mode) {
    net = mode;
  }

  @Override
  public void restart(String policy) {
    said.restart(Restart.of(policy));
  }

  @Override
  public void stopSignal(String signal) {
    said.stopSignal(signal);
  }

  @Override
  public void publish(Object port) {
    ports.add(Port.of(String.valueOf(port)));
  }

  @Override
  public void publish(int host, int guest) {
    publish(host + ":" + guest);
  }

  @Override
  public void share(Map<String, ?> how, Object what) {
    for (String key : how.keySet()) {
      if (!key.equals("at") && !key.equals("readOnly")) {
        throw MicaException.usage("share", what, "it takes no " + key)
            .hint("write share '/srv/data', at: '/data', readOnly: true");
      }
    }
    Object at = how.get("at");
    if (at == null) {
      throw MicaException.usage("share", what, "it does not say where it is in the container")
          .hint("write share '/srv/data', at: '/data'");
    }
    shares.add(
        new VmShare(
            new Coercions(mica()).folder(what),
            String.valueOf(at),
            DefaultTypeTransformation.castToBoolean(how.get("readOnly"))));
  }

  @Override
  public void share(String text) {
    shares.add(VmShare.of(text, this::folder));
  }

  @Override
  public void ulimit(Map<String, ?> limits) {
    limits.forEach((kind, limit) -> ulimits.add(Ulimit.of(kind + "=" + limit)));
  }

  @Override
  public void label(Map<String, ?> more) {
    more.forEach((key, value) -> labels.put(key, String.valueOf(value)));
  }

  /** Reading it says it: a bare {@code interactive} in a block is a property to Groovy. */
  @Override
  public Object getInteractive() {
    said.input(true);
    return true;
  }

  /** Likewise. */
  @Override
  public Object getTty() {
    said.terminal(true);
    return true;
  }

  /** Likewise. */
  @Override
  public Object getInit() {
    said.init(true);
    return true;
  }

  /** Likewise. */
  @Override
  public Object getRemoved() {
    said.remove(true);
    return true;
  }

  @Override
  public @Nullable Object getProperty(String property) {
    return switch (property) {
      case "interactive" -> getInteractive();
      case "tty" -> getTty();
      case "init" -> getInit();
      case "removed" -> getRemoved();
      default -> super.getProperty(property);
    };
  }

  @Override
  public void setProperty(String property, @Nullable Object value) {
    boolean whether = DefaultTypeTransformation.castToBoolean(value);
    switch (property) {
      case "interactive" -> said.input(whether);
      case "tty" -> said.terminal(whether);
      case "init" -> said.init(whether);
      case "removed" -> said.remove(whether);
      default -> super.setProperty(property, value);
    }
  }

  /** What was said; the image that it is made from may not be here yet. */
  public VmSpec spec() {
    return said.environment(environment)
        .labels(labels)
        .network(Network.of(net, ports))
        .shares(shares)
        .ulimits(ulimits)
        .build();
  }
}
