package dev.mica.image;

import dev.mica.failure.MicaException;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpResponse;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a registry answers who asks for a blob, or for the rest of one. What its headers say of the
 * blob must be what the manifest says: there is no use in reading on where it is not.
 */
final class BlobAnswer {
  private static final Pattern RANGE =
      Pattern.compile("bytes (?<first>[0-9]{1,18})-[0-9]{1,18}/(?<total>[0-9]{1,18}|\\*)");

  private BlobAnswer() {}

  /** The bytes, and where they begin. Closes the answer where it is not what was asked for. */
  static ImageSource.Blob read(
      Connection connection, HttpResponse<InputStream> answer, Descriptor blob, long from)
      throws IOException {
    boolean done = false;
    try {
      ImageSource.Blob read = checked(connection, answer, blob, from);
      done = true;
      return read;
    } finally {
      if (!done) {
        answer.body().close();
      }
    }
  }

  private static ImageSource.Blob checked(
      Connection connection, HttpResponse<InputStream> answer, Descriptor blob, long from) {
    Endpoint endpoint = connection.endpoint();
    Optional<String> said = answer.headers().firstValue("Docker-Content-Digest");
    if (said.isPresent() && !said.get().equals(blob.digest())) {
      throw lied(endpoint, blob, "it sends another blob, " + said.get());
    }
    return switch (answer.statusCode()) {
      case 200 -> {
        length(answer).ifPresent(length -> compare(endpoint, blob, length));
        yield new ImageSource.Blob(0, connection.watched(answer.body()));
      }
      case 206 ->
          new ImageSource.Blob(
              begin(answer, endpoint, blob, from), connection.watched(answer.body()));
      case 404 ->
          throw MicaException.failed(
              "fetch the blob " + blob.digest() + " from", endpoint.label(), "there is none");
      default ->
          throw Refused.of(
              answer, endpoint, "fetch the blob " + blob.digest() + " from", endpoint.label());
    };
  }

  private static Optional<Long> length(HttpResponse<?> answer) {
    var length = answer.headers().firstValueAsLong("Content-Length");
    return length.isPresent() ? Optional.of(length.getAsLong()) : Optional.empty();
  }

  private static long begin(HttpResponse<?> answer, Endpoint endpoint, Descriptor blob, long from) {
    String text = answer.headers().firstValue("Content-Range").orElse("");
    Matcher range = RANGE.matcher(text);
    if (!range.matches()) {
      throw lied(endpoint, blob, "it sends a part of it and does not say which");
    }
    if (!range.group("total").equals("*")) {
      compare(endpoint, blob, Long.parseLong(range.group("total")));
    }
    long first = Long.parseLong(range.group("first"));
    if (first > from) {
      throw lied(endpoint, blob, "it sends it from byte " + first + " on, not from " + from);
    }
    return first;
  }

  private static void compare(Endpoint endpoint, Descriptor blob, long size) {
    if (size != blob.size()) {
      throw lied(endpoint, blob, "it has " + size + " bytes, and its manifest says " + blob.size());
    }
  }

  private static MicaException lied(Endpoint endpoint, Descriptor blob, String why) {
    return MicaException.failed("fetch the blob " + blob.digest() + " from", endpoint.label(), why);
  }
}
