package dev.mica.image;

import dev.mica.failure.MicaException;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpResponse;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The error for an answer that is not the expected one. */
final class Refused {
  private static final int LONGEST = 8 << 10;
  private static final int LONGEST_TEXT = 200;

  private Refused() {}

  /** Closes its body. */
  static MicaException of(
      HttpResponse<InputStream> answer, Endpoint endpoint, String doing, String object) {
    int status = answer.statusCode();
    String said = said(answer).map(text -> ": " + text).orElse("");
    String host = endpoint.host();
    return switch (status) {
      case 401, 403 ->
          MicaException.denied(doing, object, host + " does not permit it (" + status + said + ")")
              .hint("see whether the name is right, and log in: docker login " + host);
      case 429 ->
          MicaException.failed(doing, object, host + " has too many requests" + wait(answer) + said)
              .hint("try again later");
      default -> {
        MicaException failure =
            MicaException.failed(doing, object, host + " answers with status " + status + said);
        yield status >= 500 ? failure.hint("try again later") : failure;
      }
    };
  }

  private static String wait(HttpResponse<?> answer) {
    return BackOff.asked(answer)
        .map(pause -> " and wants to be left alone for " + pause.toSeconds() + " s")
        .orElse("");
  }

  /** The first of the errors that the distribution specification has in a body. */
  private static Optional<String> said(HttpResponse<InputStream> answer) {
    try (InputStream body = answer.body()) {
      JsonNode error =
          JsonMapper.shared().readTree(body.readNBytes(LONGEST)).path("errors").path(0);
      String text = error.path("message").asString(error.path("code").asString(""));
      return text.isBlank()
          ? Optional.empty()
          : Optional.of(text.substring(0, Math.min(text.length(), LONGEST_TEXT)));
    } catch (IOException | JacksonException silent) {
      return Optional.empty(); // the status says enough
    }
  }
}
