package dev.mica.image;

import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Sends a blob to a registry. Nothing is sent if the registry has the blob, or can take it from
 * another of its repositories. Otherwise it is sent in one piece; after a break, it goes on where
 * the registry says that it got to.
 */
final class Upload {
  private static final int TRIES = 4;
  private static final Pattern RANGE = Pattern.compile("(bytes=)?0-(?<last>[0-9]{1,18})");
  private static final String BYTES = "application/octet-stream";

  /** A transfer of fewer bytes in a second counts as hanging. */
  private static final long SLOWEST = 16 << 10;

  private final Connection connection;
  private final Descriptor blob;
  private final Transfer transfer;

  Upload(Connection connection, Descriptor blob, Transfer transfer) {
    this.connection = connection;
    this.blob = blob;
    this.transfer = transfer;
  }

  /** Whether the registry has the blob. */
  private boolean isThere() {
    HttpResponse<InputStream> answer =
        send("HEAD", connection.uri(path("/blobs/" + blob.digest())));
    close(answer);
    return switch (answer.statusCode()) {
      case 200 ->
          answer
              .headers()
              .firstValue("Docker-Content-Digest")
              .orElse(blob.digest())
              .equals(blob.digest());
      case 404 -> false;
      default -> throw refused(answer);
    };
  }

  /**
   * Sends the bytes of {@code file}, unless the registry can take them from one of {@code others}.
   */
  void run(Path file, List<String> others) {
    transfer.at(0);
    if (!isThere() && others.stream().noneMatch(this::isMounted)) {
      send(file);
    }
    transfer.at(blob.size());
  }

  private boolean isMounted(String other) {
    String query = "/blobs/uploads/?mount=" + encoded(blob.digest()) + "&from=" + encoded(other);
    HttpResponse<InputStream> answer = send("POST", connection.uri(path(query)));
    if (answer.statusCode() == 201) {
      close(answer);
      compare(answer, blob.digest());
      return true;
    }
    if (answer.statusCode() == 202) {
      close(answer);
      cancel(answer); // it has begun an upload instead
    } else if (answer.statusCode() >= 500 || answer.statusCode() == 429) {
      throw refused(answer);
    }
    close(answer);
    return false;
  }

  private void cancel(HttpResponse<InputStream> begun) {
    Optional<URI> session = connection.location(begun);
    session.ifPresent(uri -> close(send("DELETE", uri)));
  }

  private void send(Path file) {
    Optional<URI> session = Optional.empty();
    long from = 0;
    for (int tries = 1; ; tries++) {
      transfer.check();
      URI at = session.isEmpty() ? begin() : session.get();
      try {
        finish(blob.size() == 0 ? at : patch(at, file, from));
        return;
      } catch (IOException cut) {
        transfer.check();
        if (tries == TRIES) {
          throw MicaException.failed(
                  "push the blob " + blob.digest() + " to",
                  label(),
                  "the connection broke " + TRIES + " times: " + Why.of(cut))
              .hint("try again")
              .because(cut);
        }
        from = reached(at);
        session = from > 0 ? Optional.of(at) : Optional.empty();
      }
    }
  }

  private URI begin() {
    HttpResponse<InputStream> answer = send("POST", connection.uri(path("/blobs/uploads/")));
    if (answer.statusCode() != 202) {
      throw refused(answer);
    }
    close(answer);
    return session(answer);
  }

  private URI session(HttpResponse<InputStream> answer) {
    return connection
        .location(answer)
        .orElseThrow(() -> failed("it does not say where to send the bytes to"));
  }

  /**
   * The URI at which it goes on; fails with an {@link IOException} if the upload may be tried
   * again.
   */
  private URI patch(URI at, Path file, long from) throws IOException {
    long left = blob.size() - from;
    Map<String, String> headers =
        Map.of(
            "Content-Type", BYTES, "Content-Range", from + "-" + Math.max(from, blob.size() - 1));
    Duration patience = Wire.PATIENCE.plusSeconds(left / SLOWEST);
    HttpResponse<InputStream> answer =
        connection.askOnce(
            new Connection.Ask("PATCH", at, headers, () -> body(file, from), patience));
    if (BackOff.isBusy(answer)) {
      answer.body().close();
      throw new IOException("status " + answer.statusCode());
    }
    if (answer.statusCode() != 202) {
      throw refused(answer);
    }
    answer.body().close();
    return session(answer);
  }

  private HttpRequest.BodyPublisher body(Path file, long from) {
    Supplier<InputStream> bytes =
        () -> {
          try {
            return new Counted(file, from, blob.size(), transfer);
          } catch (IOException broken) {
            throw new UncheckedIOException(broken);
          }
        };
    return HttpRequest.BodyPublishers.fromPublisher(
        HttpRequest.BodyPublishers.ofInputStream(bytes), blob.size() - from);
  }

  private void finish(URI at) throws IOException {
    String before = at.getRawQuery() == null ? "?" : "&";
    URI uri = URI.create(at + before + "digest=" + encoded(blob.digest()));
    HttpResponse<InputStream> answer =
        connection.ask(Connection.Ask.of("PUT", uri, Map.of("Content-Type", BYTES)));
    if (answer.statusCode() != 201) {
      throw refused(answer);
    }
    answer.body().close();
    compare(answer, blob.digest());
  }

  /** The number of bytes that the registry has; 0 if it has forgotten the upload. */
  private long reached(URI at) {
    HttpResponse<InputStream> answer = send("GET", at);
    close(answer);
    Matcher range = RANGE.matcher(answer.headers().firstValue("Range").orElse(""));
    if (answer.statusCode() != 204 || !range.matches()) {
      return 0;
    }
    long got = Long.parseLong(range.group("last")) + 1;
    // Some registries say 0-0 for an empty upload: the one byte is sent again with the others.
    return got == 1 || got > blob.size() ? 0 : got;
  }

  /** Puts a manifest under a tag. */
  static void manifest(Connection connection, Descriptor manifest, byte[] content, String tag) {
    Upload upload = new Upload(connection, manifest, new Transfer(manifest));
    HttpRequest.BodyPublisher body = HttpRequest.BodyPublishers.ofByteArray(content);
    Connection.Ask ask =
        new Connection.Ask(
            "PUT",
            connection.uri(upload.path("/manifests/" + tag)),
            Map.of("Content-Type", manifest.mediaType()),
            () -> body,
            Wire.PATIENCE);
    HttpResponse<InputStream> answer = upload.send(ask);
    if (answer.statusCode() != 201) {
      throw upload.refused(answer);
    }
    close(answer);
    upload.compare(answer, manifest.digest());
  }

  private HttpResponse<InputStream> send(String method, URI uri) {
    return send(Connection.Ask.of(method, uri, Map.of()));
  }

  private HttpResponse<InputStream> send(Connection.Ask ask) {
    try {
      return connection.ask(ask);
    } catch (IOException broken) {
      throw connection.unreachable(broken);
    }
  }

  private void compare(HttpResponse<?> answer, String digest) {
    Optional<String> said = answer.headers().firstValue("Docker-Content-Digest");
    if (said.isPresent() && !said.get().equals(digest)) {
      throw failed("the registry has got other bytes: " + said.get());
    }
  }

  private MicaException refused(HttpResponse<InputStream> answer) {
    return Refused.of(answer, connection.endpoint(), "push " + blob.digest() + " to", label());
  }

  private MicaException failed(String why) {
    return MicaException.failed("push " + blob.digest() + " to", label(), why);
  }

  private String label() {
    return connection.endpoint().label();
  }

  private String path(String rest) {
    return connection.endpoint().repository() + rest;
  }

  private static String encoded(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }

  private static void close(HttpResponse<InputStream> answer) {
    try {
      answer.body().close();
    } catch (IOException broken) {
      return; // all that it says was in its headers
    }
  }

  /** A file from some byte on; a listener hears how much of it was read. */
  private static final class Counted extends FileInputStream {
    private final Transfer transfer;
    private long at;
    private long left;

    Counted(Path file, long from, long size, Transfer transfer) throws IOException {
      super(file.toFile());
      this.transfer = transfer;
      this.at = from;
      this.left = size - from;
      skipNBytes(from);
    }

    @Override
    public int read(byte[] buffer, int from, int length) throws IOException {
      if (left == 0) {
        return -1;
      }
      int got = super.read(buffer, from, (int) Math.min(length, left));
      if (got > 0) {
        at += got;
        left -= got;
        transfer.at(at);
      }
      return got;
    }
  }
}
