package dev.mica.image;

import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A program {@code docker-credential-NAME} that keeps credentials: it is given the registry on its
 * standard input and answers with JSON.
 */
final class CredentialHelper {
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_.-]+");
  private static final String TOKEN = "<token>";
  private static final String NONE = "credentials not found";
  private static final int LONGEST = 64 << 10;
  private static final int SECONDS = 60;

  private CredentialHelper() {}

  /** What it has for {@code server}, found on the {@code PATH} of {@code environment}. */
  static Optional<Credentials> ask(String name, String server, Map<String, String> environment) {
    String program = "docker-credential-" + name;
    if (!NAME.matcher(name).matches()) {
      throw failed(program, server, "that is no name of a program");
    }
    Process process = start(find(program, server, environment), program, server, environment);
    try {
      return answer(process, program, server);
    } catch (IOException broken) {
      throw failed(program, server, Why.of(broken)).because(broken);
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
      throw failed(program, server, "interrupted").because(stop);
    } finally {
      process.destroyForcibly();
    }
  }

  private static Path find(String program, String server, Map<String, String> environment) {
    for (String folder : environment.getOrDefault("PATH", "").split(File.pathSeparator, -1)) {
      Path file = Path.of(folder).resolve(program);
      if (file.isAbsolute() && Files.isExecutable(file)) {
        return file;
      }
    }
    throw failed(program, server, "there is no such program on the PATH")
        .hint("install it, or take it out of the file that names it");
  }

  private static Process start(
      Path file, String program, String server, Map<String, String> environment) {
    ProcessBuilder builder = new ProcessBuilder(file.toString(), "get");
    builder.environment().clear();
    builder.environment().putAll(environment);
    builder.redirectError(ProcessBuilder.Redirect.DISCARD);
    try {
      return builder.start();
    } catch (IOException broken) {
      throw failed(program, server, Why.of(broken)).because(broken);
    }
  }

  private static Optional<Credentials> answer(Process process, String program, String server)
      throws IOException, InterruptedException {
    // Read beside: a helper that asks somebody and waits for ever must not hold us.
    CompletableFuture<byte[]> read =
        CompletableFuture.supplyAsync(() -> readAll(process, program, server))
            .completeOnTimeout(new byte[0], SECONDS, TimeUnit.SECONDS);
    ask(process, server);
    if (!process.waitFor(SECONDS, TimeUnit.SECONDS)) {
      throw failed(program, server, "it gave no answer in " + SECONDS + " s");
    }
    String text = new String(read.join(), StandardCharsets.UTF_8);
    if (process.exitValue() != 0) {
      if (text.contains(NONE)) {
        return Optional.empty();
      }
      String said = text.isBlank() ? "" : ": " + text.strip();
      throw failed(program, server, "it ended with status " + process.exitValue() + said);
    }
    return Optional.of(credentials(text, program, server));
  }

  private static void ask(Process process, String server) {
    try (OutputStream in = process.getOutputStream()) {
      in.write(server.getBytes(StandardCharsets.UTF_8));
    } catch (IOException unread) {
      return; // it has ended without reading this: its status says why
    }
  }

  private static byte[] readAll(Process process, String program, String server) {
    try {
      return process.getInputStream().readNBytes(LONGEST);
    } catch (IOException broken) {
      throw failed(program, server, Why.of(broken)).because(broken);
    }
  }

  private static Credentials credentials(String text, String program, String server) {
    try {
      JsonNode json = JsonMapper.shared().readTree(text);
      String user = json.path("Username").asString("");
      String secret = json.path("Secret").asString("");
      if (user.isEmpty() || secret.isEmpty()) {
        throw failed(program, server, "its answer has no Username or no Secret");
      }
      return new Credentials(user.equals(TOKEN) ? "" : user, secret);
    } catch (JacksonException wrong) {
      throw failed(program, server, "its answer is not JSON"); // the cause would show the secret
    }
  }

  private static MicaException failed(String program, String server, String why) {
    return MicaException.failed("get the credentials of " + server + " from", program, why);
  }
}
