package dev.mica.shell.serve;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/**
 * A service manager's datagram socket, which Java does not have: another process listens there.
 *
 * @param heard each message as a line, with a '|' for the end of each of its own lines
 */
record Listener(Process process, BufferedReader heard) implements AutoCloseable {
  private static final String PROGRAM =
      """
      import socket, sys
      name = sys.argv[1]
      listening = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
      listening.bind('\\0' + name[1:] if name[0] == '@' else name)
      print('listening', flush=True)
      while True:
          print(listening.recv(4096).decode().replace('\\n', '|'), flush=True)
      """;

  /** Listens at a path, or at an abstract name behind a '@'. */
  static Listener at(String address) throws IOException {
    Process process = new ProcessBuilder("python3", "-c", PROGRAM, address).start();
    BufferedReader heard = process.inputReader(StandardCharsets.UTF_8);
    assertThat(heard.readLine()).isEqualTo("listening");
    return new Listener(process, heard);
  }

  /** The next message. */
  String next() throws IOException {
    return String.valueOf(heard.readLine());
  }

  /** The first message from here on that begins so. */
  String next(String begin) throws IOException {
    String message = next();
    while (!message.startsWith(begin) && !message.equals("null")) {
      message = next();
    }
    return message;
  }

  @Override
  public void close() throws IOException {
    Process _ = process.destroyForcibly().onExit().join();
    heard.close();
  }
}
