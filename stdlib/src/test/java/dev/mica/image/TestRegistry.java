package dev.mica.image;

import dev.mica.test.Scratch;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Debian's {@code docker-registry} on a free port of the loopback interface. */
public final class TestRegistry implements AutoCloseable {
  /** A password that Docker's file has to be read for with care. */
  public static final String PASSWORD = "pass:wo:rd";

  /** The name and that password, by bcrypt. */
  private static final String HTPASSWD =
      "joe:$2y$05$j38axbLUWNdncrudhQmm1.wLQ5/QFiETX9G07LrExTgdZDtxfZwmq\n";

  private static final Pattern LISTENING = Pattern.compile("listening on (127\\.0\\.0\\.1:[0-9]+)");

  private final Path config;
  private final Path log;
  private Process process;
  private String host;

  private TestRegistry(Scratch scratch, String name, String auth) {
    this(scratch, name, auth, "");
  }

  private TestRegistry(Scratch scratch, String name, String auth, String tls) {
    log = scratch.path(name + ".log");
    config =
        scratch.file(
            name + ".yml",
            """
            version: 0.1
            log: {level: info}
            storage:
              filesystem: {rootdirectory: %s}
              delete: {enabled: true}
            http: {addr: "127.0.0.1:0", relativeurls: true, secret: "of a test"%s}
            %s
            """
                .formatted(scratch.dir(name), tls, auth));
    process = serve();
    host = awaitHost();
  }

  private Process serve() {
    try {
      return new ProcessBuilder("docker-registry", "serve", config.toString())
          .redirectErrorStream(true)
          .start();
    } catch (IOException broken) {
      throw new UncheckedIOException(broken);
    }
  }

  private String awaitHost() {
    StringBuilder said = new StringBuilder();
    BufferedReader reader = process.inputReader();
    try {
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        Matcher listening = LISTENING.matcher(line);
        if (listening.find()) {
          Process now = process;
          // Who does not read what it says stops it.
          Thread.ofVirtual().start(() -> drain(now, log));
          return listening.group(1);
        }
        said.append(line).append('\n');
      }
    } catch (IOException broken) {
      throw new UncheckedIOException(broken);
    }
    throw new AssertionError("docker-registry ended: " + said);
  }

  /** Until it ends, which closes the stream under the reader. */
  private static void drain(Process process, Path log) {
    try (InputStream said = process.getInputStream();
        OutputStream kept = Files.newOutputStream(log)) {
      said.transferTo(kept);
    } catch (IOException ended) {
      return;
    }
  }

  /** One that everybody may read and write. */
  public static TestRegistry open(Scratch scratch) {
    return open(scratch, "registry");
  }

  /** Likewise, where there are several. */
  public static TestRegistry open(Scratch scratch, String name) {
    return new TestRegistry(scratch, name, "");
  }

  /** One for joe alone. */
  public static TestRegistry closed(Scratch scratch) {
    Path users = scratch.file("htpasswd", HTPASSWD);
    return new TestRegistry(
        scratch, "registry-of-joe", "auth: {htpasswd: {realm: test, path: " + users + "}}");
  }

  /** One that speaks TLS, with a certificate that is its own authority's: {@code tls.crt}. */
  public static TestRegistry secure(Scratch scratch) {
    Path key = scratch.path("tls.key");
    Path certificate = scratch.path("tls.crt");
    Scratch.run(
        "openssl",
        "req",
        "-x509",
        "-nodes",
        "-newkey",
        "rsa:2048",
        "-days",
        "2",
        "-subj",
        "/CN=a registry of a test",
        "-addext",
        "subjectAltName=IP:127.0.0.1",
        "-keyout",
        key.toString(),
        "-out",
        certificate.toString());
    String tls = ", tls: {certificate: %s, key: %s}".formatted(certificate, key);
    return new TestRegistry(scratch, "registry-by-tls", "", tls);
  }

  /** {@code 127.0.0.1:PORT}. */
  public String host() {
    return host;
  }

  URI uri() {
    return URI.create("http://" + host);
  }

  /** Ends it, whatever it is at. */
  void end(boolean byForce) {
    Process ended = byForce ? process.destroyForcibly() : process;
    ended.destroy();
    ended.onExit().join();
  }

  /** With all that it was given, at another port. */
  void startAgain() {
    process = serve();
    host = awaitHost();
  }

  @Override
  public void close() {
    end(false);
  }
}
