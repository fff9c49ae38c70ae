package dev.mica.vm;

import dev.mica.MicaException;
import dev.mica.core.Core;
import dev.mica.state.StateDir;
import dev.mica.union.Helper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;

/**
 * The process that brings one union back to this host: {@code mica-relay}. It outlives the JVM, and
 * is known again by the name of its pid file among its words.
 *
 * @param directory where its log and its pid file are
 */
record Relay(Path directory, String name) {
  private static final String PROGRAM = "mica-relay";
  private static final long START_SECONDS = 30;
  private static final long END_SECONDS = 10;
  private static final int LAST_LINES = 3;

  static Path program() {
    return Core.library().resolveSibling(PROGRAM);
  }

  private Path pidFile() {
    return directory.resolve(name + ".pid");
  }

  Path log() {
    return directory.resolve(name + ".log");
  }

  /** Returns once the union is mounted and answers. */
  void start(Helper.Served union, Path socket, List<Machine.Share> shares) {
    try {
      Files.createDirectories(directory);
      Process process =
          new ProcessBuilder(command(union, socket, shares))
              // The address of a socket has room for 107 bytes: it is named from where it is.
              .directory(Objects.requireNonNull(socket.getParent()).toFile())
              .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
              .redirectError(ProcessBuilder.Redirect.appendTo(log().toFile()))
              .start();
      await(process, union);
    } catch (IOException broken) {
      throw failed(union, StateDir.why(broken)).because(broken);
    }
  }

  /** In a session of its own, so that no Ctrl-C of a terminal reaches it. */
  private List<String> command(Helper.Served union, Path socket, List<Machine.Share> shares) {
    List<String> words = new ArrayList<>(List.of("setsid", program().toString()));
    words.addAll(List.of("--name", union.name(), "--at", union.at().toString()));
    words.addAll(List.of("--socket", socket.getFileName().toString()));
    if (union.aside() != null) {
      words.addAll(List.of("--layer", union.aside().resolve("upper").toString()));
    }
    for (Path lower : union.lowers()) {
      words.addAll(List.of("--lower", lower.toString()));
    }
    for (Machine.Share share : shares) {
      words.addAll(List.of("--watch", Long.toString(share.pid())));
    }
    words.addAll(List.of("--log", log().toString(), "--pid", pidFile().toString()));
    return words;
  }

  private void await(Process process, Helper.Served union) throws IOException {
    CompletableFuture<Optional<String>> ready = new CompletableFuture<>();
    Thread.ofVirtual().start(() -> readLine(process, ready));
    try {
      if (ready.get(START_SECONDS, TimeUnit.SECONDS).isPresent()) {
        return;
      }
      throw failed(union, "it ended: " + lastWords());
    } catch (TimeoutException late) {
      throw failed(union, "it did not mount it within " + START_SECONDS + " s: " + lastWords());
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
      throw failed(union, "interrupted").because(stop);
    } catch (ExecutionException | CompletionException broken) {
      throw failed(union, String.valueOf(broken.getMessage())).because(broken);
    } finally {
      if (!ready.isDone() || ready.isCompletedExceptionally() || ready.join().isEmpty()) {
        stop();
      }
    }
  }

  private static void readLine(Process process, CompletableFuture<Optional<String>> ready) {
    try (BufferedReader out =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
      ready.complete(Optional.ofNullable(out.readLine()));
    } catch (IOException broken) {
      ready.completeExceptionally(broken);
    }
  }

  private String lastWords() throws IOException {
    if (!Files.exists(log())) {
      return "it said nothing";
    }
    List<String> lines = Files.readAllLines(log());
    return lines.subList(Math.max(0, lines.size() - LAST_LINES), lines.size()).stream()
        .collect(Collectors.joining(" / "));
  }

  private MicaException failed(Helper.Served union, String why) {
    return MicaException.failed("bring the union " + union.name() + " back to", union.at(), why)
        .hint("its log is " + log());
  }

  boolean isRunning() {
    return !processes().isEmpty();
  }

  /** Ends it, and its files; whoever uses the union gets an error from then on. */
  void stop() {
    processes().forEach(ProcessHandle::destroy);
    if (!hasEnded()) {
      processes().forEach(ProcessHandle::destroyForcibly);
      if (!hasEnded()) {
        throw MicaException.failed("end the relay of", name, "it is still there")
            .hint("see its log " + log());
      }
    }
    try {
      Files.deleteIfExists(pidFile());
      Files.deleteIfExists(log());
    } catch (IOException broken) {
      throw MicaException.failed("remove the files of the relay of", name, StateDir.why(broken))
          .because(broken);
    }
  }

  private boolean hasEnded() {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(END_SECONDS);
    while (isRunning() && System.nanoTime() < deadline) {
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
    }
    return !isRunning();
  }

  /** Also one that has not written its pid yet; one that only waits for its parent has no words. */
  private List<ProcessHandle> processes() {
    List<ProcessHandle> found = new ArrayList<>();
    String mark = "\0--pid\0" + pidFile() + "\0";
    try (DirectoryStream<Path> all = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
      for (Path process : all) {
        if (words(process).contains(mark)) {
          ProcessHandle.of(Long.parseLong(process.getFileName().toString())).ifPresent(found::add);
        }
      }
    } catch (IOException broken) {
      throw new UncheckedIOException(broken);
    }
    return found;
  }

  private static String words(Path process) {
    try {
      return Files.readString(process.resolve("cmdline"), StandardCharsets.ISO_8859_1);
    } catch (IOException gone) {
      return "";
    }
  }
}
