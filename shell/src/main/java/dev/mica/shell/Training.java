package dev.mica.shell;

import dev.mica.Mica;
import dev.mica.shell.attach.Streams;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.URISyntaxException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.jar.JarFile;

/**
 * The run an AOT cache is recorded from: a recording is of one process, so this one does what many
 * would. Started by the build only, over a terminal; what is typed there goes to the prompt.
 */
final class Training {
  private Training() {}

  /**
   * Runs each line of the file {@code args[0]} as the arguments of {@code mica}; without any, that
   * is the prompt.
   */
  public static void main(String[] args) throws Exception {
    loadHelper();
    useSocket(Path.of(args[0] + ".sock"));
    Streams streams = Streams.ofProcess();
    for (String line : Files.readAllLines(Path.of(args[0]))) {
      run(streams, line.isEmpty() ? List.of() : List.of(line.split(" ")));
    }
    System.exit(streams.close(0));
  }

  private static void run(Streams streams, List<String> words) {
    int status = new App(streams, System.getenv()).run(words);
    // 1 is this machine's business, for instance a doctor who found something; 2 is a wrong line.
    if (status > 1) {
      throw new IllegalStateException("training: mica " + words + " ended with " + status);
    }
  }

  /**
   * What starts a helper VM is only loaded: to boot a guest takes longer than all the rest, and not
   * every host that builds can.
   */
  private static void loadHelper() throws IOException, URISyntaxException, ClassNotFoundException {
    Path home = Path.of(Mica.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    try (JarFile jar = new JarFile(home.toFile())) {
      for (String file : jar.stream().map(Object::toString).toList()) {
        if (file.startsWith("dev/mica/vm/") && file.endsWith(".class")) {
          String name = file.substring(0, file.length() - ".class".length()).replace('/', '.');
          Class.forName(name, false, Training.class.getClassLoader());
        }
      }
    }
  }

  /** And what of the JDK it needs for that, above all to talk over sockets. */
  private static void useSocket(Path path) throws IOException {
    UnixDomainSocketAddress address = UnixDomainSocketAddress.of(path);
    try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        Selector selector = Selector.open()) {
      server.bind(address);
      channel.configureBlocking(false);
      channel.connect(address);
      channel.register(selector, SelectionKey.OP_READ);
      try (SocketChannel peer = server.accept()) {
        peer.write(ByteBuffer.wrap(Base64.getEncoder().encode(new byte[1])));
        selector.select();
        channel.read(ByteBuffer.allocate(1));
      }
    } finally {
      Files.deleteIfExists(path);
    }
  }
}
