package dev.mica.commit;

import dev.mica.failure.MicaException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Changes of an image's configuration, as a line of a Dockerfile says them. */
final class ConfigEdit {
  private static final String WORDS =
      "ENV, ENTRYPOINT, CMD, USER, WORKDIR, LABEL, EXPOSE, VOLUME and STOPSIGNAL";

  private ConfigEdit() {}

  /** The configuration with each of these lines done, in their order. */
  static ImageConfig apply(ImageConfig config, List<String> lines) {
    ImageConfig edited = config;
    for (String line : lines) {
      edited = apply(edited, line);
    }
    return edited;
  }

  private static ImageConfig apply(ImageConfig config, String line) {
    String stripped = line.strip();
    int end = stripped.indexOf(' ');
    String word = (end < 0 ? stripped : stripped.substring(0, end)).toUpperCase(Locale.ROOT);
    String rest = end < 0 ? "" : stripped.substring(end + 1).strip();
    if (rest.isEmpty()) {
      throw refused(line, "it does not mention " + (word.isEmpty() ? "anything" : word));
    }
    ObjectNode json = config.config();
    switch (word) {
      case "ENV" -> setEnv(json, pair(line, rest));
      case "LABEL" -> {
        String[] pair = pair(line, rest);
        json.withObject("/Labels").put(pair[0], pair[1]);
      }
      case "ENTRYPOINT" -> {
        json.set("Entrypoint", words(line, rest));
        json.remove("Cmd"); // as Docker does: it was an argument of the other program
      }
      case "CMD" -> json.set("Cmd", words(line, rest));
      case "USER" -> json.put("User", rest);
      case "WORKDIR" -> json.put("WorkingDir", folder(line, rest));
      case "VOLUME" -> json.withObject("/Volumes").putObject(folder(line, rest));
      case "STOPSIGNAL" -> json.put("StopSignal", rest);
      case "EXPOSE" -> json.withObject("/ExposedPorts").putObject(port(line, rest));
      default -> throw refused(line, "there is no change '" + word + "'");
    }
    return config.with(json);
  }

  private static void setEnv(ObjectNode json, String[] pair) {
    List<String> all = new ArrayList<>();
    json.path("Env").forEach(one -> all.add(one.asString()));
    all.removeIf(one -> one.startsWith(pair[0] + "="));
    all.add(pair[0] + "=" + pair[1]);
    ArrayNode env = json.putArray("Env");
    all.forEach(env::add);
  }

  private static String[] pair(String line, String rest) {
    int equals = rest.indexOf('=');
    if (equals < 1) {
      throw refused(line, "it is not NAME=VALUE");
    }
    String value = rest.substring(equals + 1);
    boolean quoted = value.length() > 1 && value.startsWith("\"") && value.endsWith("\"");
    return new String[] {
      rest.substring(0, equals), quoted ? value.substring(1, value.length() - 1) : value
    };
  }

  /** A list in JSON's form, or a line for the shell. */
  private static ArrayNode words(String line, String rest) {
    if (!rest.startsWith("[")) {
      return JsonMapper.shared().createArrayNode().add("/bin/sh").add("-c").add(rest);
    }
    try {
      JsonNode read = JsonMapper.shared().readTree(rest);
      if (read instanceof ArrayNode array && array.valueStream().allMatch(JsonNode::isString)) {
        return array;
      }
    } catch (JacksonException bad) {
      throw refused(line, "its list is not JSON: " + bad.getOriginalMessage()).because(bad);
    }
    throw refused(line, "its list has something that is not a text");
  }

  private static String folder(String line, String rest) {
    if (!rest.startsWith("/")) {
      throw refused(line, "the path is not absolute");
    }
    return rest;
  }

  private static String port(String line, String rest) {
    String port = rest.contains("/") ? rest : rest + "/tcp";
    if (!port.matches("\\d{1,5}/(tcp|udp|sctp)")) {
      throw refused(line, "it is not PORT or PORT/PROTOCOL");
    }
    return port;
  }

  private static MicaException refused(String line, String why) {
    return MicaException.usage("change the configuration by", line, why)
        .hint("write one of " + WORDS + ", and its value: ENV LANG=C");
  }
}
