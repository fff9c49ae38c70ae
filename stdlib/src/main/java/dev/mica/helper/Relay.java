package dev.mica.helper;

import dev.mica.core.Core;
import dev.mica.core.OpenDirectory;
import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import dev.mica.union.Helper;
import dev.mica.vm.process.Daemon;
import dev.mica.vm.process.LineSocket;
import dev.mica.vm.share.Share;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * The process that brings one union back to this host: {@code mica-relay}. It outlives the JVM.
 *
 * @param directory where its log and its pid file are
 */
record Relay(Path directory, String name) {
  private static final String PROGRAM = "mica-relay";
  private static final Duration START = Duration.ofSeconds(30);
  private static final Duration ANSWER = Duration.ofSeconds(5);
  private static final String SERVES = "serves";
  private static final String AWAY = "away ";

  static Path program() {
    return Core.library().resolveSibling(PROGRAM);
  }

  private Daemon daemon() {
    return new Daemon(directory.resolve(name + ".pid"));
  }

  /** What it said at its start: why it failed, if it did. */
  private Path said() {
    return directory.resolve(name + ".out");
  }

  Path log() {
    return directory.resolve(name + ".log");
  }

  /** Where it says how the guest is. */
  private Path state() {
    return directory.resolve(name + ".sock");
  }

  /**
   * Returns once the union is mounted and answers.
   *
   * @param peer the process that made the socket: whatever else answers there is told nothing
   */
  void start(Helper.Served union, Path socket, long peer, List<Share> shares) {
    try {
      Files.createDirectories(directory);
    } catch (IOException broken) {
      throw failed(union, Why.of(broken)).because(broken);
    }
    try {
      // The address of a socket has room for 107 bytes: it is named from where it is.
      Path here = Objects.requireNonNull(socket.getParent());
      daemon().start(command(union, socket, peer, shares), here, said(), START);
    } catch (MicaException failure) {
      stop();
      throw failed(union, failure.why()).because(failure);
    }
  }

  private List<String> command(Helper.Served union, Path socket, long peer, List<Share> shares) {
    List<String> words = new ArrayList<>(List.of(program().toString(), "--background"));
    words.addAll(List.of("--name", union.name(), "--at", other(union.at())));
    words.addAll(List.of("--socket", socket.getFileName().toString()));
    words.addAll(List.of("--peer", Long.toString(peer)));
    if (union.upper() != null) {
      words.addAll(List.of("--layer", other(union.upper())));
    }
    for (OpenDirectory lower : union.lowers()) {
      words.addAll(List.of("--lower", other(lower)));
    }
    for (Share share : shares) {
      words.addAll(List.of("--watch", Long.toString(share.pid())));
    }
    words.addAll(List.of("--log", log().toString(), "--pid", daemon().pidFile().toString()));
    words.addAll(List.of("--state", state().toString()));
    return words;
  }

  private static String other(OpenDirectory directory) {
    return directory.pathForOthers().toString();
  }

  private MicaException failed(Helper.Served union, String why) {
    return MicaException.failed(
        "bring the union " + union.name() + " back to", union.at().openedBy(), why);
  }

  /** Why nobody can use its union now: what it says itself, for only it knows its guest. */
  Optional<String> problem() {
    try (LineSocket socket = LineSocket.connect(state())) {
      return problem(socket.receive(LineSocket.in(ANSWER)));
    } catch (IOException silent) {
      return Optional.of(daemon().isAlive() ? "its relay does not answer" : "its relay has ended");
    }
  }

  private static Optional<String> problem(String said) {
    if (said.equals(SERVES)) {
      return Optional.empty();
    }
    String why = said.substring(said.indexOf(' ') + 1);
    return Optional.of(said.startsWith(AWAY) ? why + "; it works again when that does" : why);
  }

  /** Ends it, and its files; whoever uses the union gets an error from then on. */
  void stop() {
    daemon().kill();
    for (Path file : List.of(log(), said(), state())) {
      try {
        Files.deleteIfExists(file);
      } catch (IOException broken) {
        throw MicaException.failed("remove", file, Why.of(broken)).because(broken);
      }
    }
  }
}
