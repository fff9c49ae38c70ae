package dev.mica.shell.serve;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Clients for files: of OpenSSH, and sshfs.
 *
 * @param more options of all of them
 */
record SftpClients(SshServers servers, List<String> more) {
  SftpClients(SshServers servers) {
    this(servers, List.of());
  }

  /** What {@code sftp} does with {@code lines}, one after the other until one fails. */
  SshServers.Reply sftp(String user, String... lines) {
    List<String> command = new ArrayList<>(List.of("sftp", "-q", "-b", "-"));
    command.addAll(options(user, "-P"));
    command.add(user + "@127.0.0.1");
    byte[] batch = (String.join("\n", lines) + "\n").getBytes(StandardCharsets.UTF_8);
    return SshServers.run(command, batch);
  }

  /** What {@code scp} does; a path here that begins with ":" is the server's. */
  SshServers.Reply scp(String user, String... words) {
    List<String> command = new ArrayList<>(List.of("scp", "-q"));
    command.addAll(options(user, "-P"));
    for (String word : words) {
      command.add(word.startsWith(":") ? user + "@127.0.0.1" + word : word);
    }
    return SshServers.run(command, new byte[0]);
  }

  /** Mounts {@code remote} of the server at {@code at}. */
  Mounted sshfs(String user, String remote, Path at, String... words) throws IOException {
    Files.createDirectories(at);
    List<String> command = new ArrayList<>(List.of("sshfs"));
    command.addAll(options(user, "-p"));
    command.addAll(List.of(user + "@127.0.0.1:" + remote, at.toString()));
    command.addAll(List.of(words));
    SshServers.Reply reply = SshServers.run(command, new byte[0]);
    if (reply.status() != 0) {
      throw new AssertionError("sshfs: " + reply);
    }
    return new Mounted(at);
  }

  /** A folder that is served by sshfs, until this is closed. */
  record Mounted(Path at) implements AutoCloseable {
    @Override
    public void close() {
      SshServers.Reply reply =
          SshServers.run(List.of("fusermount3", "-u", at.toString()), new byte[0]);
      if (reply.status() != 0) {
        throw new AssertionError("fusermount3: " + reply);
      }
    }
  }

  /** The options of {@code ssh}, which names the port by {@code port}. */
  private List<String> options(String user, String port) {
    List<String> ssh = servers.client(user, more.toArray(String[]::new));
    List<String> options = new ArrayList<>();
    for (int i = 1; i < ssh.size() - 2; i++) {
      options.add(ssh.get(i).equals("-p") ? port : ssh.get(i));
    }
    return options;
  }
}
