package dev.mica.vm.process;

import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * A process that outlives us, known by the file with its process id. That the process of that id is
 * still the one meant is told by its environment, which names the file: ids are used again.
 */
public record Daemon(Path pidFile) {
  private static final String MARK = "MICA_DAEMON";
  private static final Duration END = Duration.ofSeconds(10);
  private static final Set<String> KEPT = Set.of("PATH", "TMPDIR");

  /** Runs a program that puts a daemon into the background and ends; what it says. */
  public String start(List<String> command, Path directory, Path said, Duration limit) {
    String program = Path.of(command.getFirst()).getFileName().toString();
    try {
      Files.deleteIfExists(pidFile);
      ProcessBuilder builder =
          new ProcessBuilder(command)
              .directory(directory.toFile())
              .redirectInput(Path.of("/dev/null").toFile())
              .redirectOutput(said.toFile())
              .redirectError(ProcessBuilder.Redirect.appendTo(said.toFile()));
      Files.deleteIfExists(said);
      // What else the user has in it is none of its business.
      builder.environment().keySet().retainAll(KEPT);
      builder.environment().put(MARK, pidFile.toString());
      Process process = builder.start();
      boolean ended = false;
      try {
        ended = process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS);
      } finally {
        if (!ended) {
          process.destroyForcibly();
          kill();
        }
      }
      String words = Files.readString(said).strip();
      if (!ended) {
        throw MicaException.failed(
            "start", program, "it took more than " + limit.toSeconds() + " s");
      }
      if (process.exitValue() != 0) {
        throw MicaException.failed(
            "start", program, words.isEmpty() ? unsaid(process, said) : LogTail.lastLine(words));
      }
      return words;
    } catch (IOException broken) {
      throw MicaException.failed("start", program, Why.of(broken)).because(broken);
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
      throw MicaException.failed("start", program, "interrupted").because(stop);
    }
  }

  /** It may have had no room to say why: then writing fails for that reason. */
  private static String unsaid(Process process, Path said) throws IOException {
    String why = "exit status " + process.exitValue();
    Files.writeString(said, why + "\n");
    return why;
  }

  /** The process, if it is there. */
  public Optional<ProcessHandle> process() {
    return pid().flatMap(ProcessHandle::of).filter(this::isMeant);
  }

  public boolean isAlive() {
    return process().isPresent();
  }

  /** When it began. */
  public Optional<Instant> started() {
    return process().flatMap(one -> one.info().startInstant());
  }

  /** Ends it at once, and what it has started, and waits until all are gone. Not there is fine. */
  public void kill() {
    List<ProcessHandle> all =
        process().stream()
            .flatMap(one -> Stream.concat(Stream.of(one), one.descendants()))
            .toList();
    // The children as well: one that stands still does not hear that its parent is gone.
    all.forEach(ProcessHandle::destroyForcibly);
    if (!Poll.until(END, () -> all.stream().allMatch(one -> environment(one).isEmpty()))) {
      throw MicaException.failed(
          "end the process",
          all.getFirst().pid(),
          "it is still there " + END.toSeconds() + " s later");
    }
    delete();
  }

  /** Waits until it is gone; whether it went. */
  public boolean ends(Duration limit) {
    return Poll.until(limit, () -> !isAlive());
  }

  private void delete() {
    try {
      Files.deleteIfExists(pidFile);
    } catch (IOException broken) {
      throw MicaException.failed("remove", pidFile, Why.of(broken)).because(broken);
    }
  }

  private Optional<Long> pid() {
    try {
      String text = Files.readString(pidFile).strip();
      return text.matches("\\d{1,10}") ? Optional.of(Long.parseLong(text)) : Optional.empty();
    } catch (IOException none) {
      return Optional.empty();
    }
  }

  private boolean isMeant(ProcessHandle process) {
    return ("\0" + environment(process) + "\0").contains("\0" + MARK + "=" + pidFile + "\0");
  }

  /** One that has ended and waits for its parent has no environment any more. */
  private static String environment(ProcessHandle process) {
    try {
      Path file = Path.of("/proc", Long.toString(process.pid()), "environ");
      return new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
    } catch (IOException gone) {
      return "";
    }
  }
}
