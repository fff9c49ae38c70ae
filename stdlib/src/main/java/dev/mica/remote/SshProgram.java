package dev.mica.remote;

import dev.mica.access.Caller;
import dev.mica.access.Role;
import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import dev.mica.job.Activity;
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
 * The caller's own {@code ssh}, which runs a command on another host or asks for a subsystem. So
 * their keys, agent, {@code known_hosts} and configuration count, and what they can reach by {@code
 * ssh} they can reach here. It never asks anything: there may be nobody to answer.
 */
public final class SshProgram implements AutoCloseable {
  private static final String VARIABLE = "MICA_SSH";
  private static final int CONNECTION = 255;

  /** What it says on its standard error; the rest is not kept. */
  private static final int MOST_LINES = 200;

  private static final int LONGEST_LINE = 1000;
  private static final int ENDING_SECONDS = 30;

  /** What it is started for. */
  public interface Errand {
    /** The words behind the host. */
    List<String> words();

    /** Whether they are a subsystem, and no command. */
    default boolean isSubsystem() {
      return false;
    }

    /** What can be done after a connection that has ended early. */
    String hint();

    /**
     * Why it went wrong, if what it runs there has said that.
     *
     * @param status what it has ended with
     * @param said the lines of its standard error
     */
    default Optional<MicaException> why(String doing, int status, List<String> said) {
      return Optional.empty();
    }
  }

  private final SshHost host;
  private final Object object;
  private final Errand errand;
  private final Process process;
  private final Thread hearing;
  private final Deque<String> said = new ArrayDeque<>(); // guarded by this

  private SshProgram(SshHost host, Object object, Errand errand, Process process) {
    this.host = host;
    this.object = object;
    this.errand = errand;
    this.process = process;
    this.hearing = Thread.ofPlatform().daemon().name("mica-ssh-err").start(this::hear);
  }

  /**
   * Starts it, with the keys and the agent of this host's user, which only an admin may use.
   *
   * @param object what messages are about
   */
  public static SshProgram start(
      Caller caller, String doing, SshHost host, Object object, Errand errand) {
    if (caller.role() != Role.ADMIN) {
      throw MicaException.denied(
              doing, object, "the keys of this host's user are for an admin, and you are none")
          .hint("ask an admin, or run it on your own host");
    }
    List<String> command = new ArrayList<>();
    command.add(program(caller.environment()).toString());
    command.addAll(
        List.of("-T", "-a", "-x", "-o", "BatchMode=yes", "-o", "ClearAllForwardings=yes"));
    command.addAll(List.of("-o", "ServerAliveInterval=15", "-o", "ServerAliveCountMax=4"));
    host.port().ifPresent(port -> command.addAll(List.of("-p", port.toString())));
    host.user().ifPresent(user -> command.addAll(List.of("-l", user)));
    if (errand.isSubsystem()) {
      command.add("-s");
    }
    command.addAll(List.of("--", host.host()));
    command.addAll(errand.words());
    ProcessBuilder builder = new ProcessBuilder(command).directory(caller.folder().toFile());
    builder.environment().clear();
    builder.environment().putAll(caller.environment());
    try {
      return new SshProgram(host, object, errand, builder.start());
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

  /** What it sends. */
  public InputStream in() {
    return process.getInputStream();
  }

  /** What is sent to it. */
  public OutputStream out() {
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

  /** The lines of its standard error, of which the first may be gone. */
  public synchronized List<String> said() {
    return List.copyOf(said);
  }

  /** Nothing more is sent; fails, as {@link #explained} does, unless all went well there. */
  public void finish(String doing) {
    try {
      process.getOutputStream().close();
    } catch (IOException gone) {
      throw explained(doing, MicaException.failed(doing, object, Why.of(gone)).because(gone));
    }
    int status = status();
    if (status != 0) {
      throw explained(doing, MicaException.failed(doing, object, "ssh ended with " + status));
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
   * Why it went wrong, if ssh or what it runs says that, since then {@code failure} is only what
   * follows from it.
   */
  public MicaException explained(String doing, MicaException failure) {
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
    return errand.why(doing, status, lines).map(why -> why.because(failure)).orElse(failure);
  }

  private MicaException connection(String doing, List<String> lines) {
    String last = lines.getLast().replaceFirst("^ssh: ", "");
    if (lines.stream().anyMatch(line -> line.contains("IDENTIFICATION HAS CHANGED"))) {
      return MicaException.failed(doing, object, "its key is not the one in known_hosts")
          .hint("ask its admin whether the key was changed; somebody may be in between");
    }
    MicaException failure = MicaException.failed(doing, object, "ssh says: " + last);
    if (last.contains("Host key verification failed")) {
      return failure.hint(
          "if its key is not known yet, run ssh " + host.words() + " once, and compare the key");
    }
    return failure.hint(
        last.contains("Permission denied") ? "have an admin there add your key" : errand.hint());
  }

  /** What is done over it: a cancellation kills it, since it is not always heard otherwise. */
  public Activity.Work work() {
    return new Activity.Work() {
      @Override
      public long entries() {
        return 0;
      }

      @Override
      public long bytes() {
        return 0;
      }

      @Override
      public void cancel() {
        process.destroy();
      }
    };
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
