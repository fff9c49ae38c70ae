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
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jline.utils.Signals;

/**
 * The run an AOT cache is recorded from: a recording is of one process, so this one does what many
 * would. Started by the build only, over a terminal; what is typed there goes to the prompt.
 */
final class Training {
  private static final Pattern REST =
      Pattern.compile(
          "dev/mica/(vm/|container/|image/|commit/|shell/(Main|App|Arguments|attach/)).*\\.class");

  private Training() {}

  /**
   * Runs each line of the file {@code args[0]} as the arguments of {@code mica}; without any, that
   * is the prompt.
   */
  public static void main(String[] args) throws Exception {
    loadRest();
    hearSignals();
    useSocket(Path.of(args[0] + ".sock"));
    Streams streams = Streams.ofProcess();
    for (String line : Files.readAllLines(Path.of(args[0]))) {
      run(streams, words(line));
    }
    System.exit(streams.close(0));
  }

  /** Parted by blanks; one that belongs to a word is written {@code %20}. */
  private static List<String> words(String line) {
    return line.isEmpty()
        ? List.of()
        : Stream.of(line.split(" ", -1)).map(word -> word.replace("%20", " ")).toList();
  }

  private static void run(Streams streams, List<String> words) {
    int status = new App(streams, System.getenv()).run(words);
    // 1 is this machine's business, for instance a doctor who found something; 2 is a wrong line.
    if (status > 1) {
      throw new IllegalStateException("training: mica " + words + " ended with " + status);
    }
  }

  /**
   * What runs VMs, and what images are made with, is only loaded where nothing of {@code
   * training.txt} uses it: to boot a guest takes longer than all the rest, and not every host that
   * builds can.
   */
  private static void loadRest() throws IOException, URISyntaxException, ClassNotFoundException {
    for (Class<?> one : List.of(Mica.class, Main.class)) {
      Path home = Path.of(one.getProtectionDomain().getCodeSource().getLocation().toURI());
      try (JarFile jar = new JarFile(home.toFile())) {
        for (String file : jar.stream().map(Object::toString).toList()) {
          if (REST.matcher(file).matches()) {
            String name = file.substring(0, file.length() - ".class".length()).replace('/', '.');
            Class.forName(name, false, Training.class.getClassLoader());
          }
        }
      }
    }
  }

  /** A program that is attached to the terminal gets these. */
  private static void hearSignals() {
    Object before = Signals.register("WINCH", () -> {});
    Signals.unregister("WINCH", before);
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
