package dev.mica.image;

import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Who somebody is to a registry, as {@code docker login} and {@code podman login} left it.
 *
 * @param user empty where {@code secret} is an identity token
 * @param secret a password, or an identity token, which only buys tokens
 */
record Credentials(String user, String secret) {
  private static final String OF_DOCKER = "https://index.docker.io/v1/";

  /** Whether it is a token that the registry's own token server takes. */
  boolean isIdentityToken() {
    return user.isEmpty();
  }

  /** The value of an {@code Authorization} header. */
  String basic() {
    byte[] both = (user + ":" + secret).getBytes(StandardCharsets.UTF_8);
    return "Basic " + Base64.getEncoder().encodeToString(both);
  }

  /** Never shown by accident. */
  @Override
  public String toString() {
    return "the credentials of " + (user.isEmpty() ? "an identity token" : user);
  }

  /**
   * Those for an endpoint, of somebody's {@code environment}; the first file that has some decides:
   * the one that {@code REGISTRY_AUTH_FILE} names, alone; or else Podman's, then Docker's.
   */
  static Optional<Credentials> of(Endpoint endpoint, Map<String, String> environment) {
    for (Path file : files(environment)) {
      Optional<Credentials> found = in(file, endpoint, environment);
      if (found.isPresent()) {
        return found;
      }
    }
    return Optional.empty();
  }

  private static List<Path> files(Map<String, String> environment) {
    String named = environment.getOrDefault("REGISTRY_AUTH_FILE", "");
    if (!named.isEmpty()) {
      return List.of(Path.of(named));
    }
    List<Path> files = new ArrayList<>();
    String runtime = environment.getOrDefault("XDG_RUNTIME_DIR", "");
    if (!runtime.isEmpty()) {
      files.add(Path.of(runtime, "containers", "auth.json"));
    }
    String home = environment.getOrDefault("HOME", "");
    if (!home.isEmpty()) {
      files.add(Path.of(home, ".config", "containers", "auth.json"));
    }
    String docker = environment.getOrDefault("DOCKER_CONFIG", "");
    if (!docker.isEmpty()) {
      files.add(Path.of(docker, "config.json"));
    } else if (!home.isEmpty()) {
      files.add(Path.of(home, ".docker", "config.json"));
    }
    return files.stream().filter(Files::exists).toList();
  }

  private static Optional<Credentials> in(
      Path file, Endpoint endpoint, Map<String, String> environment) {
    try {
      JsonNode json = JsonMapper.shared().readTree(Files.readAllBytes(file));
      Optional<String> helper =
          keys(endpoint).stream()
              .map(key -> json.path("credHelpers").path(key).asString(""))
              .filter(one -> !one.isEmpty())
              .findFirst();
      if (helper.isPresent()) {
        return CredentialHelper.ask(helper.get(), server(endpoint), environment);
      }
      Optional<Credentials> said = said(file, json.path("auths"), endpoint);
      String store = json.path("credsStore").asString("");
      return said.isPresent() || store.isEmpty()
          ? said
          : CredentialHelper.ask(store, server(endpoint), environment);
    } catch (JacksonException wrong) {
      throw bad(file, wrong.getOriginalMessage()).because(wrong);
    } catch (IOException broken) {
      throw MicaException.failed("read", file, Why.of(broken)).because(broken);
    }
  }

  private static Optional<Credentials> said(Path file, JsonNode auths, Endpoint endpoint) {
    for (String key : keys(endpoint)) {
      JsonNode entry = auths.path(key);
      String token = entry.path("identitytoken").asString("");
      if (!token.isEmpty()) {
        return Optional.of(new Credentials("", token));
      }
      String both = entry.path("auth").asString("");
      if (!both.isEmpty()) {
        return Optional.of(decode(file, key, both));
      }
    }
    return Optional.empty();
  }

  /** A password may have colons in it, a name has none. */
  private static Credentials decode(Path file, String key, String base64) {
    try {
      String both = new String(Base64.getDecoder().decode(base64.strip()), StandardCharsets.UTF_8);
      int colon = both.indexOf(':');
      if (colon <= 0) {
        throw bad(file, "the entry of " + key + " is not USER:PASSWORD");
      }
      // Old versions of Docker put a zero byte behind it.
      String secret = both.substring(colon + 1).replaceFirst("\\x00+$", "");
      return new Credentials(both.substring(0, colon), secret);
    } catch (IllegalArgumentException wrong) {
      throw bad(file, "the entry of " + key + " is not in base64").because(wrong);
    }
  }

  private static MicaException bad(Path file, String why) {
    return MicaException.failed("read the credentials in", file, why).hint("log in again");
  }

  /** Under what an entry may stand, what says most first. */
  private static List<String> keys(Endpoint endpoint) {
    List<String> keys = new ArrayList<>();
    String path = endpoint.label();
    for (int end = path.length();
        end > endpoint.host().length();
        end = path.lastIndexOf('/', end - 1)) {
      keys.add(path.substring(0, end));
    }
    keys.add(endpoint.host());
    for (String form :
        List.of(
            "https://%s",
            "https://%s/",
            "https://%s/v1/",
            "https://%s/v2/",
            "http://%s",
            "http://%s/",
            "http://%s/v1/",
            "http://%s/v2/")) {
      keys.add(form.formatted(endpoint.host()));
    }
    if (endpoint.host().equals("docker.io")) {
      keys.addAll(List.of(OF_DOCKER, "index.docker.io", "registry-1.docker.io"));
    }
    return keys;
  }

  /** What a helper calls the registry. */
  private static String server(Endpoint endpoint) {
    return endpoint.host().equals("docker.io") ? OF_DOCKER : endpoint.host();
  }
}
