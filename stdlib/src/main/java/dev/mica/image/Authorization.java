package dev.mica.image;

import dev.mica.failure.MicaException;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * What is shown to one registry, and to nobody else: nothing, a password, or a token that was got
 * with one. It begins with nothing, and each time the registry wants something it is answered anew.
 */
final class Authorization {
  private static final int LONGEST = 1 << 20;
  private static final String SCOPE = "scope";

  private final Endpoint endpoint;
  private final Optional<Credentials> credentials;
  private final List<String> scopes;
  private final Wire wire;
  private final Predicate<URI> mayBeTold;

  // Guarded by this.
  private @Nullable String header;

  /**
   * @param scopes what a token is to permit: {@code repository:NAME:pull}
   * @param mayBeTold whether a password may go to a token server
   */
  Authorization(
      Endpoint endpoint,
      Optional<Credentials> credentials,
      List<String> scopes,
      Wire wire,
      Predicate<URI> mayBeTold) {
    this.endpoint = endpoint;
    this.credentials = credentials;
    this.scopes = scopes;
    this.wire = wire;
    this.mayBeTold = mayBeTold;
  }

  /** The value of the header; null for none. */
  synchronized @Nullable String header() {
    return header;
  }

  /**
   * Answers the challenge that a request got which showed {@code shown}; whether it is worth asking
   * again. Another thread may have had it answered already.
   */
  synchronized boolean renew(List<String> challenges, @Nullable String shown) throws IOException {
    if (header != null && !header.equals(shown)) {
      return true;
    }
    Optional<Challenge> challenge = Challenge.best(challenges);
    if (challenge.isEmpty()) {
      return false;
    }
    Optional<String> answer =
        challenge.get().scheme().equals("basic")
            ? credentials.filter(one -> !one.isIdentityToken()).map(Credentials::basic)
            : Optional.of("Bearer " + token(challenge.get()));
    answer.ifPresent(value -> header = value);
    return answer.isPresent() && !answer.get().equals(shown);
  }

  private String token(Challenge challenge) throws IOException {
    URI realm = realm(challenge);
    Set<String> wanted = new LinkedHashSet<>(scopes);
    challenge.parameter(SCOPE).ifPresent(wanted::add);
    HttpRequest.Builder request = HttpRequest.newBuilder().timeout(Wire.PATIENCE);
    if (credentials.filter(Credentials::isIdentityToken).isPresent()) {
      String form =
          query(challenge, List.of(String.join(" ", wanted)))
              + "&client_id=mica&grant_type=refresh_token&refresh_token="
              + encoded(credentials.get().secret());
      request
          .uri(realm)
          .header("Content-Type", "application/x-www-form-urlencoded")
          .POST(HttpRequest.BodyPublishers.ofString(form));
    } else {
      String query = query(challenge, List.copyOf(wanted));
      String before = realm.getRawQuery() == null ? "?" : "&";
      request.uri(URI.create(realm + before + query)).GET();
      credentials.ifPresent(one -> request.header("Authorization", one.basic()));
    }
    HttpResponse<InputStream> answer = wire.send(request.build());
    try (InputStream body = answer.body()) {
      return read(answer, body, realm);
    }
  }

  private URI realm(Challenge challenge) {
    String text = challenge.parameter("realm").orElse("");
    try {
      URI realm = URI.create(text);
      if (realm.getHost() == null || !mayBeTold.test(realm)) {
        throw failed("it asks us to fetch a token from '" + text + "', which does not use TLS");
      }
      return realm;
    } catch (IllegalArgumentException wrong) {
      throw failed("it asks us to fetch a token from '" + text + "', which is no URI")
          .because(wrong);
    }
  }

  private static String query(Challenge challenge, List<String> scopes) {
    String service =
        challenge.parameter("service").map(one -> "service=" + encoded(one) + "&").orElse("");
    return service
        + scopes.stream().map(one -> SCOPE + "=" + encoded(one)).collect(Collectors.joining("&"));
  }

  private static String encoded(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }

  private String read(HttpResponse<InputStream> answer, InputStream body, URI realm)
      throws IOException {
    if (answer.statusCode() == 401 || answer.statusCode() == 403) {
      String who =
          credentials.map(one -> one.isIdentityToken() ? "the token" : one.user()).orElse("");
      throw MicaException.denied(
              "get a token for",
              endpoint.label(),
              realm.getHost()
                  + (who.isEmpty() ? " gives none to everybody" : " does not accept " + who))
          .hint("log in: docker login " + endpoint.host());
    }
    if (answer.statusCode() != 200) {
      throw new IOException(realm.getHost() + " gives no token: status " + answer.statusCode());
    }
    try {
      JsonNode json = JsonMapper.shared().readTree(body.readNBytes(LONGEST));
      String token = json.path("token").asString(json.path("access_token").asString(""));
      // What is not of these would end the header and begin another.
      if (!token.matches("[\\x21-\\x7e]+")) {
        throw failed("the answer of " + realm.getHost() + " has no token in it");
      }
      return token;
    } catch (JacksonException wrong) {
      throw failed(
          "the answer of " + realm.getHost() + " is no JSON"); // it may have a secret in it
    }
  }

  private MicaException failed(String why) {
    return MicaException.failed("get a token for", endpoint.label(), why);
  }
}
