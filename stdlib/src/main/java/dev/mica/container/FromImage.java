package dev.mica.container;

import dev.mica.commit.Commit;
import dev.mica.commit.ImageConfig;
import dev.mica.failure.MicaException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** What a VM's spec leaves unsaid, and the image says that it is made from. */
final class FromImage {
  private static final String ROOT = "0:0";

  private FromImage() {}

  /**
   * The spec with all of it said: the image's entrypoint before the words given, or before the
   * image's own; its variables below those given; its user and working folder where none is given.
   *
   * @param name of the VM
   */
  static VmSpec filled(String name, VmSpec spec) {
    Optional<ImageConfig> config =
        spec.from() instanceof Commit commit ? commit.config() : Optional.empty();
    List<String> program = program(spec, config);
    if (program.isEmpty()) {
      throw MicaException.usage(
              "create the VM",
              name,
              config.isPresent()
                  ? "neither you nor the image " + spec.from().label() + " say what to run"
                  : "it does not say what to run")
          .hint("name a program and its arguments, after --");
    }
    return new VmSpec(
        spec.name(),
        spec.from(),
        program,
        config.map(image -> environment(spec, image)).orElse(spec.environment()),
        first(spec.user(), config.map(ImageConfig::user), ROOT),
        first(spec.folder(), config.map(ImageConfig::workdir), "/"),
        spec.terminal(),
        spec.input(),
        spec.memory(),
        spec.processors(),
        spec.disk(),
        spec.labels(),
        spec.network(),
        spec.shares(),
        spec.remove());
  }

  private static List<String> program(VmSpec spec, Optional<ImageConfig> config) {
    if (config.isEmpty()) {
      return spec.program();
    }
    List<String> all = new ArrayList<>(config.get().entrypoint());
    all.addAll(spec.program().isEmpty() ? config.get().cmd() : spec.program());
    return all;
  }

  private static Map<String, String> environment(VmSpec spec, ImageConfig image) {
    Map<String, String> all = new TreeMap<>();
    for (String variable : image.env()) {
      int equals = variable.indexOf('=');
      if (equals > 0) {
        all.put(variable.substring(0, equals), variable.substring(equals + 1));
      }
    }
    all.putAll(spec.environment());
    return all;
  }

  private static String first(String said, Optional<String> image, String otherwise) {
    return !said.isEmpty() ? said : image.filter(text -> !text.isEmpty()).orElse(otherwise);
  }
}
