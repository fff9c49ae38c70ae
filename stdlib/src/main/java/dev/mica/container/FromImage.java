package dev.mica.container;

import dev.mica.commit.Commit;
import dev.mica.commit.ImageConfig;
import dev.mica.failure.MicaException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;

/**
 * What a VM takes over from the image that it is made from, and what an image takes over from the
 * VM that it is made of.
 */
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
    Map<String, String> all = environment(image);
    all.putAll(spec.environment());
    return all;
  }

  private static Map<String, String> environment(ImageConfig image) {
    Map<String, String> all = new TreeMap<>();
    for (String variable : image.env()) {
      int equals = variable.indexOf('=');
      if (equals > 0) {
        all.put(variable.substring(0, equals), variable.substring(equals + 1));
      }
    }
    return all;
  }

  private static String first(String said, Optional<String> image, String otherwise) {
    return !said.isEmpty() ? said : image.filter(text -> !text.isEmpty()).orElse(otherwise);
  }

  /**
   * How a commit of the VM runs: as the VM does. In the lines of a Dockerfile, which change the
   * image that it is made from.
   *
   * @param image the configuration of that image; empty if it is made from a folder
   */
  static List<String> asItRuns(VmRecord vm, Optional<ImageConfig> image) {
    List<String> lines = program(vm.program(), image);
    // In one order: the commit has the same digest wherever it is made.
    Map<String, String> variables = new TreeMap<>(vm.environment());
    variables.entrySet().removeAll(image.map(FromImage::environment).orElse(Map.of()).entrySet());
    variables.forEach((name, value) -> lines.add(ImageConfig.env(name, value)));
    new TreeMap<>(vm.labels()).forEach((name, value) -> lines.add(ImageConfig.label(name, value)));
    addIfOther(lines, "USER", vm.user(), first("", image.map(ImageConfig::user), ROOT));
    addIfOther(lines, "WORKDIR", vm.folder(), first("", image.map(ImageConfig::workdir), "/"));
    addIfOther(
        lines, "STOPSIGNAL", vm.stopSignal(), first("", image.map(ImageConfig::stopSignal), ""));
    return lines;
  }

  private static void addIfOther(List<String> lines, String word, String is, String image) {
    if (!is.equals(image)) {
      lines.add(word + " " + is);
    }
  }

  /** The image's entrypoint stays if the program begins with it. */
  private static List<String> program(List<String> program, Optional<ImageConfig> image) {
    List<String> entrypoint = image.map(ImageConfig::entrypoint).orElse(List.of());
    List<String> cmd = image.map(ImageConfig::cmd).orElse(List.of());
    if (Stream.concat(entrypoint.stream(), cmd.stream()).toList().equals(program)) {
      return new ArrayList<>();
    }
    int words = entrypoint.size();
    boolean stays = program.size() >= words && program.subList(0, words).equals(entrypoint);
    List<String> lines = new ArrayList<>();
    if (!stays) {
      lines.add("ENTRYPOINT []");
    }
    ArrayNode list = JsonMapper.shared().createArrayNode();
    program.subList(stays ? words : 0, program.size()).forEach(list::add);
    lines.add("CMD " + list);
    return lines;
  }
}
