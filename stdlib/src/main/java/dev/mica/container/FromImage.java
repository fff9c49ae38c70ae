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
              config.isPresent() && spec.entrypoint() == null
                  ? "neither you nor the image " + spec.from().label() + " say what to run"
                  : "it does not say what to run")
          .hint("name a program and its arguments, after --");
    }
    return spec.but()
        .entrypoint(null)
        .program(program)
        .environment(config.map(image -> environment(spec, image)).orElseGet(spec::environment))
        .user(first(spec.user(), config.map(ImageConfig::user), ROOT))
        .folder(first(spec.folder(), config.map(ImageConfig::workdir), "/"))
        .stopSignal(first(spec.stopSignal(), config.map(ImageConfig::stopSignal), ""))
        .build();
  }

  /** An entrypoint that is said has only the words that are said: the image's are for its own. */
  private static List<String> program(VmSpec spec, Optional<ImageConfig> config) {
    List<String> said = spec.entrypoint();
    List<String> all =
        new ArrayList<>(
            said != null ? said : config.map(ImageConfig::entrypoint).orElse(List.of()));
    all.addAll(
        said != null || !spec.program().isEmpty()
            ? spec.program()
            : config.map(ImageConfig::cmd).orElse(List.of()));
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
