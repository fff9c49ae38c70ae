package dev.mica.container;

import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import dev.mica.state.Records;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The system calls that a container may make: the profile that the distribution gives its own
 * container programs, as the runtime takes it.
 *
 * <p>The file has rules that hold for certain capabilities or architectures only ({@code includes},
 * {@code excludes}); of them those remain that hold for a container here. See
 * containers-seccomp.json(5) and the OCI runtime specification, {@code linux.seccomp}.
 */
final class Seccomp {
  /** The line that mends it. */
  static final String FIX = "apt install golang-github-containers-common";

  private static final Path PROFILE = Path.of("/usr/share/containers/seccomp.json");
  private static final String ARCHITECTURE = "amd64";

  private final Path profile;
  private final Set<String> capabilities;

  private Seccomp(Path profile, Set<String> capabilities) {
    this.profile = profile;
    this.capabilities = capabilities;
  }

  /** Where it is. */
  static Optional<Path> profile() {
    return Optional.of(PROFILE).filter(Files::isReadable);
  }

  /** The profile of this host for a container with these capabilities. */
  static ObjectNode of(Set<String> capabilities) {
    return of(PROFILE, capabilities);
  }

  static ObjectNode of(Path profile, Set<String> capabilities) {
    try {
      JsonNode json = JsonMapper.shared().readTree(Files.readString(profile));
      return new Seccomp(profile, capabilities).convert(json);
    } catch (IOException broken) {
      throw MicaException.failed("read the list of system calls in", profile, Why.of(broken))
          .hint(FIX)
          .because(broken);
    } catch (JacksonException wrong) {
      throw MicaException.failed(
              "read the list of system calls in", profile, wrong.getOriginalMessage())
          .hint(FIX)
          .because(wrong);
    }
  }

  private ObjectNode convert(JsonNode json) {
    ObjectNode made = Records.object();
    made.set("defaultAction", json.required("defaultAction"));
    copy(json, made, "defaultErrnoRet");
    ArrayNode architectures = made.putArray("architectures");
    for (JsonNode each : json.path("archMap")) {
      if (each.path("architecture").asString("").equals("SCMP_ARCH_X86_64")) {
        architectures.add(each.path("architecture"));
        each.path("subArchitectures").forEach(architectures::add);
      }
    }
    if (architectures.isEmpty()) {
      throw MicaException.failed(
          "use the list of system calls in", profile, "it has none for this processor");
    }
    ArrayNode rules = made.putArray("syscalls");
    for (JsonNode rule : json.required("syscalls")) {
      if (holds(rule)) {
        rules.add(rule(rule));
      }
    }
    return made;
  }

  private boolean holds(JsonNode rule) {
    JsonNode only = rule.path("includes");
    JsonNode but = rule.path("excludes");
    return (!only.path("arches").iterator().hasNext() || hasArchitecture(only))
        && hasAllCapabilities(only)
        && !hasArchitecture(but)
        && !hasACapability(but);
  }

  private static boolean hasArchitecture(JsonNode condition) {
    return condition.path("arches").valueStream().anyMatch(a -> a.asString().equals(ARCHITECTURE));
  }

  private boolean hasAllCapabilities(JsonNode condition) {
    return condition.path("caps").valueStream().allMatch(c -> capabilities.contains(c.asString()));
  }

  private boolean hasACapability(JsonNode condition) {
    return condition.path("caps").valueStream().anyMatch(c -> capabilities.contains(c.asString()));
  }

  private static ObjectNode rule(JsonNode rule) {
    ObjectNode made = Records.object();
    made.set("names", rule.required("names"));
    made.set("action", rule.required("action"));
    copy(rule, made, "errnoRet");
    JsonNode conditions = rule.path("args");
    if (conditions.isArray() && !conditions.isEmpty()) {
      made.set("args", conditions);
    }
    return made;
  }

  private static void copy(JsonNode from, ObjectNode to, String key) {
    JsonNode value = from.path(key);
    if (value.isNumber()) {
      to.set(key, value);
    }
  }
}
