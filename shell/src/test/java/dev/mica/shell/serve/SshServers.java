package dev.mica.shell.serve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mica.Mica;
import dev.mica.access.Role;
import dev.mica.ssh.Receiver;
import dev.mica.ssh.Server;
import dev.mica.ssh.Settings;
import dev.mica.test.Guests;
import dev.mica.test.Scratch;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A server on a port of its own, and the client of OpenSSH that comes to it. */
final class SshServers implements AutoCloseable {
  final Scratch scratch = new Scratch();
  final Mica mica = Mica.open(scratch.path("home"));
  final Server server;

  /**
   * What a client said.
   *
   * @param status 255 where it did not get in
   * @param out a character for each byte
   */
  record Reply(int status, String out, String err) {}

  SshServers() {
    this(false, new Visits());
  }

  SshServers(boolean compatible, Receiver receiver) {
    this(Settings.of("127.0.0.1:0", compatible), receiver);
  }

  SshServers(Settings settings, Receiver receiver) {
    Guests.into(mica.home());
    server = Server.start(mica, settings, receiver);
  }

  /** Makes a key in {@code NAME} and {@code NAME.pub}. */
  Path key(String name) {
    Path file = scratch.path(name);
    if (!Files.exists(file)) {
      Scratch.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", file.toString());
    }
    return file;
  }

  /** Adds a user with a key of that name, behind {@code options}. */
  void user(String name, Role role, String options, String... roots) {
    Path key = key(name);
    String line = options + " " + Scratch.read(Path.of(key + ".pub"));
    var _ =
        mica.users().add(name, role, scratch.file(name + ".line", line).toString(), List.of(roots));
  }

  int port() {
    String address = server.address();
    return Integer.parseInt(address.substring(address.lastIndexOf(':') + 1));
  }

  /** How the client is called for a user by their own key. */
  List<String> client(String user, String... options) {
    return clientWith(user, user, options);
  }

  List<String> clientWith(String key, String user, String... options) {
    List<String> command = new ArrayList<>(List.of("ssh", "-F", "none", "-p", "" + port()));
    for (String option :
        List.of(
            "UserKnownHostsFile=" + scratch.path("known"),
            "StrictHostKeyChecking=accept-new",
            "LogLevel=ERROR",
            "IdentitiesOnly=yes",
            "BatchMode=yes",
            "IdentityFile=" + key(key))) {
      command.addAll(List.of("-o", option));
    }
    command.addAll(List.of(options));
    command.add(user + "@127.0.0.1");
    command.add("--");
    return command;
  }

  /** Asks for {@code words}. */
  Reply ask(String user, String... words) {
    return run(client(user), new byte[0], words);
  }

  static Reply run(List<String> client, byte[] input, String... words) {
    List<String> command = new ArrayList<>(client);
    command.addAll(List.of(words));
    try {
      Process process = new ProcessBuilder(command).start();
      Thread typing = Thread.ofVirtual().start(() -> type(process, input));
      ByteArrayOutputStream err = new ByteArrayOutputStream();
      Thread hearing = Thread.ofVirtual().start(() -> copy(process.getErrorStream(), err));
      byte[] out = process.getInputStream().readAllBytes();
      int status = process.waitFor();
      typing.join();
      hearing.join();
      return new Reply(
          status,
          new String(out, StandardCharsets.ISO_8859_1),
          err.toString(StandardCharsets.UTF_8));
    } catch (IOException | InterruptedException failed) {
      throw new AssertionError(failed);
    }
  }

  /** It may end without having read all. */
  private static void type(Process process, byte[] input) {
    try (OutputStream to = process.getOutputStream()) {
      to.write(input);
    } catch (IOException ended) {
      assertThat(process.isAlive() || input.length > 0).isTrue();
    }
  }

  private static void copy(InputStream from, OutputStream to) {
    try {
      from.transferTo(to);
    } catch (IOException failed) {
      throw new AssertionError(failed);
    }
  }

  @Override
  public void close() {
    server.close();
    scratch.close();
  }
}
