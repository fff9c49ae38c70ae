package dev.mica.image;

import dev.mica.access.Caller;
import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import dev.mica.vm.process.Program;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * The caller's own {@code ssh}, which runs a command of the Mica on another host. So their keys,
 * agent, {@code known_hosts} and configuration count, and what they can reach by {@code ssh} they
 * can reach here. It never asks anything: there may be nobody to answer.
 */
final class SshProgram implements AutoCloseable {
  private static final String VARIABLE = "MICA_SSH";
  private static final int CONNECTION = 255;
  private static final int NOT_FOUND = 127;
  private static final int DENIED = 3;

  /** What it says on its standard error; the rest is not kept. */
  private static final int MOST_LINES = 200;

  private static final int LONGEST_LINE = 1000;
  private static final int ENDING_SECONDS = 30;

  private final RemotePlace place;
  private final Process process;
  private final Thread hearing;
  private final Deque<String> said = new ArrayDeque<>(); // guarded by this

  private SshProgram(RemotePlace place, Process process) {
    this.place = place;
    this.process = process;
    this.hearing = Thread.ofPlatform().daemon().name("mica-ssh-err").start(this::hear);
  }

  /** Starts {@code mica} with {@code words} on the host of {@code place}. */
  static SshProgram start(Caller caller, RemotePlace place, List<String> words) {
    List<String> command = new ArrayList<>();
    command.add(program(caller.environment()).toString());
    command.addAll(
        List.of("-T", "-a", "-x", "-o", "BatchMode=yes", "-o", "ClearAllForwardings=yes"));
    command.addAll(List.of("-o", "ServerAliveInterval=15", "-o", "ServerAliveCountMax=4"));
    place.port().ifPresent(port -> command.addAll(List.of("-p", port.toString())));
    place.user().ifPresent(user -> command.addAll(List.of("-l", user)));
    command.addAll(List.of("--", place.host(), "mica"));
    command.addAll(words);
    ProcessBuilder builder = new ProcessBuilder(command).directory(caller.folder().toFile());
    builder.environment().clear();
    builder.environment().putAll(caller.environment());
    try {
      return new SshProgram(place, builder.start());
    } catch (IOException broken) {
      throw MicaException.failed("run", command.getFirst(), Why.of(broken)).because(broken);
    }
  }

  private static Path program(Map<String, String> environment) {
    String name = environment.getOrDefault(VARIABLE, "ssh");
    Stream<Path> theirs =
        Stream.of(environment.getOrDefault("PATH", "").split(File.pathSeparator, -1))
            .filter(folder -> folder.startsWith("/"))
            .map(folder -> Path.of(folder, name));
    Optional<Path> found =
        name.startsWith("/")
            ? Optional.of(Path.of(name)).filter(Files::isExecutable)
            : theirs.filter(Files::isExecutable).findFirst().or(() -> Program.find(name));
    return found.orElseThrow(() ->
        MicaException.failed("find the program", name, "it is not on the PATH")
            .hint("install OpenSSH's client, or set " + VARIABLE));
  }

  InputStream in() {
    return process.getInputStream();
  }

  OutputStream out() {
    return process.getOutputStream();
  }

  private void hear() {
    try (InputStream err = process.getErrorStream()) {
      StringBuilder line = new StringBuilder();
      for (int c = err.read(); c >= 0; c = err.read()) {
        if (c == '\n') {
          keep(line.toString());
          line.setLength(0);
        } else if (line.length() < LONGEST_LINE) {
          line.append((char) c);
        }
      }
      keep(line.toString());
    } catch (IOException ended) {
      return; // it has said all that it will
    }
  }

  private synchronized void keep(String line) {
    String text =
        new String(line.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8).strip();
    if (!text.isEmpty()) {
      said.add(text);
    }
    if (said.size() > MOST_LINES) {
      said.remove();
    }
  }

  private synchronized List<String> said() {
    return List.copyOf(said);
  }

  /** What the other Mica remarks, for people. */
  List<String> remarks() {
    return said().stream()
        .filter(line -> line.startsWith("mica: "))
        .map(line -> line.substring(6))
        .toList();
  }

  /** Nothing more is sent; fails, as {@link #explained} does, unless all went well there. */
  void finish(String doing) {
    try {
      process.getOutputStream().close();
    } catch (IOException gone) {
      throw explained(doing, MicaException.failed(doing, place, Why.of(gone)).because(gone));
    }
    int status = status();
    if (status != 0) {
      throw explained(doing, MicaException.failed(doing, place, "ssh ended with " + status));
    }
  }

  /** The status that it ends with; -1 if it does not. */
  private int status() {
    try {
      boolean ended = process.waitFor(ENDING_SECONDS, TimeUnit.SECONDS);
      // A master that goes on in the background may hold the stream open.
      hearing.join(TimeUnit.SECONDS.toMillis(1));
      return ended ? process.exitValue() : -1;
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
      return -1;
    }
  }

  /**
   * Why it went wrong, if ssh or the other Mica says that, since then {@code failure} is only what
   * follows from it.
   */
  MicaException explained(String doing, MicaException failure) {
    try {
      process.getOutputStream().close();
    } catch (IOException gone) {
      failure.addSuppressed(gone);
    }
    int status = status();
    List<String> lines = said();
    if (status == CONNECTION && !lines.isEmpty()) {
      return connection(doing, lines).because(failure);
    }
    List<String> remarks = remarks();
    if (status > 0 && status != CONNECTION && !remarks.isEmpty()) {
      String why = "the other Mica says: " + remarks.getLast();
      return (status == DENIED
              ? MicaException.denied(doing, place, why)
              : MicaException.failed(doing, place, why))
          .because(failure);
    }
    if (status == NOT_FOUND) {
      return MicaException.failed(doing, place, "there is no program mica on its PATH")
          .hint("install Mica there, or give the port of its mica serve")
          .because(failure);
    }
    return failure;
  }

  private MicaException connection(String doing, List<String> lines) {
    String last = lines.getLast().replaceFirst("^ssh: ", "");
    if (lines.stream().anyMatch(line -> line.contains("IDENTIFICATION HAS CHANGED"))) {
      return MicaException.failed(doing, place, "its key is not the one in known_hosts")
          .hint("ask its admin whether the key was changed; somebody may be in between");
    }
    MicaException failure = MicaException.failed(doing, place, "ssh says: " + last);
    if (last.contains("Host key verification failed")) {
      return failure.hint(
          "if its key is not known yet, run ssh " + words() + " once, and compare the key");
    }
    return last.contains("Permission denied")
        ? failure.hint("have an admin there add your key: mica user add NAME --key FILE")
        : failure.hint("try again: what has arrived is kept");
  }

  private String words() {
    return place.port().map(port -> "-p " + port + " ").orElse("")
        + place.user().map(user -> user + "@").orElse("")
        + place.host();
  }

  /** Ends it, at once. */
  void cancel() {
    process.destroy();
  }

  @Override
  public void close() {
    process.destroy();
    try {
      if (!process.waitFor(2, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException stop) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}
