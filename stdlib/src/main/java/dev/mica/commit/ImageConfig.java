package dev.mica.commit;

import dev.mica.state.Records;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;
import tools.jackson.databind.node.StringNode;

/**
 * The default settings for a container of an image, and its platform: the {@code config} of OCI's
 * image specification.
 *
 * @param os {@code linux}
 * @param architecture {@code amd64}, by Go's name
 * @param variant {@code v7} for {@code arm}; otherwise empty
 * @param env {@code NAME=VALUE}, in the image's order
 * @param entrypoint the program; its arguments are those given, or {@code cmd}
 * @param user {@code USER} or {@code USER:GROUP}, names or numbers; empty: root
 * @param workdir the working folder; empty: {@code /}
 * @param ports {@code 80/tcp}
 * @param volumes paths that are meant to be mounted
 * @param stopSignal {@code SIGTERM}, or a number; empty if not set
 * @param others what else the image says under {@code config}, by name, as JSON texts
 */
public record ImageConfig(
    String os,
    String architecture,
    String variant,
    List<String> env,
    List<String> entrypoint,
    List<String> cmd,
    String user,
    String workdir,
    Map<String, String> labels,
    Set<String> ports,
    Set<String> volumes,
    String stopSignal,
    Map<String, String> others) {
  private static final Set<String> KNOWN =
      Set.of(
          "Env",
          "Entrypoint",
          "Cmd",
          "User",
          "WorkingDir",
          "Labels",
          "ExposedPorts",
          "Volumes",
          "StopSignal");

  /** Copies the lists; maps and sets are in the order of their names. */
  public ImageConfig {
    env = List.copyOf(env);
    entrypoint = List.copyOf(entrypoint);
    cmd = List.copyOf(cmd);
    labels = Collections.unmodifiableMap(new TreeMap<>(labels));
    ports = Collections.unmodifiableSet(new TreeSet<>(ports));
    volumes = Collections.unmodifiableSet(new TreeSet<>(volumes));
    others = Collections.unmodifiableMap(new TreeMap<>(others));
  }

  /** A configuration with nothing but the platform. */
  public static ImageConfig on(String os, String architecture, String variant) {
    return of(
        Records.object().put("os", os).put("architecture", architecture).put("variant", variant));
  }

  /** An empty configuration, for this machine. */
  public static ImageConfig ofHost() {
    String is = System.getProperty("os.arch");
    String architecture =
        switch (is) {
          case "x86_64" -> "amd64";
          case "aarch64" -> "arm64";
          default -> is;
        };
    return on("linux", architecture, "");
  }

  /**
   * The settings in the configuration of an OCI or Docker image. Fails with an
   * IllegalArgumentException if a value has the wrong type.
   */
  public static ImageConfig of(JsonNode image) {
    JsonNode config = image.path("config");
    if (!config.isMissingNode() && !config.isNull() && !config.isObject()) {
      throw new IllegalArgumentException("its config is no object");
    }
    Map<String, String> others = new TreeMap<>();
    config.properties().stream()
        .filter(each -> !KNOWN.contains(each.getKey()))
        .forEach(each -> others.put(each.getKey(), each.getValue().toString()));
    return new ImageConfig(
        text(image, "os"),
        text(image, "architecture"),
        text(image, "variant"),
        strings(config, "Env"),
        strings(config, "Entrypoint"),
        strings(config, "Cmd"),
        text(config, "User"),
        text(config, "WorkingDir"),
        labels(config),
        names(config, "ExposedPorts"),
        names(config, "Volumes"),
        text(config, "StopSignal"),
        others);
  }

  private static String text(JsonNode in, String name) {
    JsonNode value = in.path(name);
    if (value.isMissingNode() || value.isNull()) {
      return "";
    }
    return string(value, name);
  }

  private static String string(JsonNode value, String name) {
    if (!value.isString() || value.asString().indexOf('\0') >= 0) {
      throw new IllegalArgumentException("its " + name + " is no text");
    }
    return value.asString();
  }

  private static List<String> strings(JsonNode in, String name) {
    JsonNode value = in.path(name);
    if (!value.isMissingNode() && !value.isNull() && !value.isArray()) {
      throw new IllegalArgumentException("its " + name + " is no list");
    }
    List<String> all = new ArrayList<>();
    value.forEach(one -> all.add(string(one, name)));
    return all;
  }

  private static Map<String, String> labels(JsonNode config) {
    Map<String, String> all = new TreeMap<>();
    for (String name : names(config, "Labels")) {
      all.put(name, text(config.path("Labels"), name));
    }
    return all;
  }

  private static Set<String> names(JsonNode in, String name) {
    JsonNode value = in.path(name);
    if (!value.isMissingNode() && !value.isNull() && !value.isObject()) {
      throw new IllegalArgumentException("its " + name + " is no object");
    }
    return value.properties().stream()
        .map(Map.Entry::getKey)
        .collect(Collectors.toCollection(TreeSet::new));
  }

  /**
   * The same after these lines, which are written as in a Dockerfile: {@code ENV LANG=C}. If a line
   * is not valid, it fails and names the line.
   */
  public ImageConfig changed(List<String> lines) {
    return ConfigEdit.apply(this, lines);
  }

  /** The line for {@link #changed} that sets a variable to exactly that value. */
  public static String env(String name, String value) {
    return ConfigEdit.pair("ENV", name, value);
  }

  /** The same for a label. */
  public static String label(String name, String value) {
    return ConfigEdit.pair("LABEL", name, value);
  }

  /** Another configuration on the same platform. */
  ImageConfig with(ObjectNode config) {
    ObjectNode json = Records.object();
    json.put("os", os).put("architecture", architecture).put("variant", variant);
    json.set("config", config);
    return of(json);
  }

  /**
   * The configuration in OCI's form: {@code architecture}, {@code os}, {@code variant}, {@code
   * config}.
   */
  public static ObjectNode toJson(ImageConfig image) {
    ObjectNode json = Records.object();
    json.put("architecture", image.architecture).put("os", image.os);
    if (!image.variant.isEmpty()) {
      json.put("variant", image.variant);
    }
    json.set("config", image.config());
    return json;
  }

  /**
   * The part under {@code config} in OCI's form, with the names in a fixed order and without values
   * that are not set.
   */
  ObjectNode config() {
    ObjectNode json = Records.object();
    Map<String, JsonNode> all = new TreeMap<>();
    put(all, "Env", env);
    put(all, "Entrypoint", entrypoint);
    put(all, "Cmd", cmd);
    put(all, "User", user);
    put(all, "WorkingDir", workdir);
    put(all, "StopSignal", stopSignal);
    put(all, "ExposedPorts", ports);
    put(all, "Volumes", volumes);
    if (!labels.isEmpty()) {
      ObjectNode values = Records.object();
      labels.forEach(values::put);
      all.put("Labels", values);
    }
    others.forEach((name, value) -> all.put(name, JsonMapper.shared().readTree(value)));
    all.forEach(json::set);
    return json;
  }

  private static void put(Map<String, JsonNode> all, String name, List<String> values) {
    if (!values.isEmpty()) {
      ArrayNode array = JsonMapper.shared().createArrayNode();
      values.forEach(array::add);
      all.put(name, array);
    }
  }

  private static void put(Map<String, JsonNode> all, String name, String value) {
    if (!value.isEmpty()) {
      all.put(name, StringNode.valueOf(value));
    }
  }

  private static void put(Map<String, JsonNode> all, String name, Set<String> names) {
    if (!names.isEmpty()) {
      ObjectNode values = Records.object();
      names.forEach(values::putObject);
      all.put(name, values);
    }
  }
}
