package dev.mica.commit;

import dev.mica.failure.MicaException;
import dev.mica.text.Signals;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Changes of an image's configuration, as a line of a Dockerfile says them. */
final class ConfigEdit {
  private static final String WORDS =
      "ENV, ENTRYPOINT, CMD, USER, WORKDIR, LABEL, EXPOSE, VOLUME and STOPSIGNAL";

  private static final String CMD = "CMD";
  private static final Pattern PORT = Pattern.compile("\\d{1,5}/(tcp|udp|sctp)");
  private static final Pattern ESCAPED = Pattern.compile("[\"\\\\]");

  private ConfigEdit() {}

  /** The configuration with each of these lines done, in their order. */
  static ImageConfig apply(ImageConfig config, List<String> lines) {
    ObjectNode json = config.config();
    boolean saysCmd = false;
    for (String line : lines) {
      saysCmd |= apply(json, line, saysCmd).equals(CMD);
    }
    return config.with(json);
  }

  /** The line that sets a variable ({@code ENV}) or a label to exactly that value. */
  static String pair(String word, String name, String value) {
    return word + " \"" + ESCAPED.matcher(name + "=" + value).replaceAll("\\\\$0") + '"';
  }

  /**
   * Does what one line says.
   *
   * @param saysCmd whether a line before it was a {@code CMD}
   * @return its first word
   */
  private static String apply(ObjectNode json, String line, boolean saysCmd) {
    String stripped = line.strip();
    int end = stripped.indexOf(' ');
    String word = (end < 0 ? stripped : stripped.substring(0, end)).toUpperCase(Locale.ROOT);
    String rest = end < 0 ? "" : stripped.substring(end + 1).strip();
    if (rest.isEmpty()) {
      throw refused(line, "it does not mention " + (word.isEmpty() ? "anything" : word));
    }
    switch (word) {
      case "ENV" -> pairs(line, rest).forEach((name, value) -> setEnv(json, name, value));
      case "LABEL" -> pairs(line, rest).forEach(json.withObject("/Labels")::put);
      case "ENTRYPOINT" -> {
        json.set("Entrypoint", words(line, rest));
        if (!saysCmd) {
          json.remove("Cmd"); // as Docker does: it was an argument of the other program
        }
      }
      case CMD -> json.set("Cmd", words(line, rest));
      case "USER" -> json.put("User", rest);
      case "WORKDIR" -> json.put("WorkingDir", folder(line, rest));
      case "VOLUME" -> {
        ObjectNode volumes = json.withObject("/Volumes");
        several(line, rest).forEach(one -> volumes.putObject(folder(line, one)));
      }
      case "STOPSIGNAL" -> json.put("StopSignal", signal(line, rest));
      case "EXPOSE" -> {
        ObjectNode ports = json.withObject("/ExposedPorts");
        ConfigWords.of(line, rest).forEach(one -> ports.putObject(port(line, one)));
      }
      default -> throw refused(line, "there is no change '" + word + "'");
    }
    return word;
  }

  /** One that is set already keeps its place. */
  private static void setEnv(ObjectNode json, String name, String value) {
    Map<String, String> all = new LinkedHashMap<>();
    json.path("Env").forEach(one -> all.put(nameOf(one.asString()), one.asString()));
    all.put(name, name + "=" + value);
    ArrayNode env = json.putArray("Env");
    all.values().forEach(env::add);
  }

  private static String nameOf(String variable) {
    int equals = variable.indexOf('=');
    return equals < 0 ? variable : variable.substring(0, equals);
  }

  private static Map<String, String> pairs(String line, String rest) {
    Map<String, String> pairs = new LinkedHashMap<>();
    for (String word : ConfigWords.of(line, rest)) {
      int equals = word.indexOf('=');
      if (equals < 1) {
        throw refused(line, "'" + word + "' is not NAME=VALUE; put quotes around spaces");
      }
      pairs.put(word.substring(0, equals), word.substring(equals + 1));
    }
    return pairs;
  }

  /** A list in JSON's form, or words. */
  private static List<String> several(String line, String rest) {
    return rest.startsWith("[")
        ? list(line, rest).valueStream().map(JsonNode::asString).toList()
        : ConfigWords.of(line, rest);
  }

  /** A list in JSON's form, or a line for the shell. */
  private static ArrayNode words(String line, String rest) {
    return rest.startsWith("[")
        ? list(line, rest)
        : JsonMapper.shared().createArrayNode().add("/bin/sh").add("-c").add(rest);
  }

  private static ArrayNode list(String line, String rest) {
    try {
      JsonNode read = JsonMapper.shared().readTree(rest);
      if (read instanceof ArrayNode array && array.valueStream().allMatch(JsonNode::isString)) {
        return array;
      }
    } catch (JacksonException bad) {
      throw refused(line, "its list is not JSON, as [\"nginx\", \"-t\"] is").because(bad);
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
    if (!PORT.matcher(port).matches()) {
      throw refused(line, "'" + rest + "' is not PORT or PORT/PROTOCOL");
    }
    return port;
  }

  private static String signal(String line, String rest) {
    if (Signals.number(rest).isEmpty()) {
      throw refused(line, "there is no signal " + rest);
    }
    return rest;
  }

  static MicaException refused(String line, String why) {
    return MicaException.usage("change the configuration by", line, why)
        .hint("write one of " + WORDS + ", and its value: ENV LANG=C");
  }
}
