package dev.mica.container;

import dev.mica.core.Core;
import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import dev.mica.state.StateDir;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The files of one VM: {@code containers/ID}. Only the owner of the state can reach them. */
record VmFiles(Path directory) {
  static VmFiles of(StateDir state, String id) {
    return new VmFiles(state.path().resolve(relative(id)));
  }

  static String relative(String id) {
    return "containers/" + id;
  }

  /** The file system of the guest folder. */
  Path disk() {
    return directory.resolve("disk.img");
  }

  /** The output of its program. */
  Path log() {
    return directory.resolve("log");
  }

  /** How it ended, written by the monitor. */
  Path exit() {
    return directory.resolve("exit");
  }

  /** Where clients attach to its first process. */
  Path attach() {
    return directory.resolve("attach.sock");
  }

  /** The monitor's process id. */
  Path pid() {
    return directory.resolve("monitor.pid");
  }

  /** The output of the monitor at its start. */
  Path said() {
    return directory.resolve("monitor.out");
  }

  /** Exists when its program was started. */
  Path started() {
    return directory.resolve("started");
  }

  /** Exists since its guest folder was the root of a container for the first time. */
  Path used() {
    return directory.resolve("used");
  }

  /** Exists while it is paused, which otherwise only its guest would know. */
  Path paused() {
    return directory.resolve("paused");
  }

  /**
   * The ports of this host that lead to it, one a line, with the numbers that were chosen at the
   * start.
   */
  Path ports() {
    return directory.resolve("ports");
  }

  /** How often it was started again, in JSON: {@code count}, and {@code waited} milliseconds. */
  Path restarts() {
    return directory.resolve("restarts");
  }

  /**
   * Exists while it may be started again. A command that ends it removes this file, which needs no
   * room on a full file system.
   */
  Path again() {
    return directory.resolve("again");
  }

  /** The id of the process that starts it again. */
  Path restarter() {
    return directory.resolve("restarter.pid");
  }

  /** Why it could not be started. */
  Path trouble() {
    return directory.resolve("trouble");
  }

  /** For how long its program ran until that end; not longer than it did. */
  Duration ran(End end) {
    try {
      Instant began = Files.getLastModifiedTime(started()).toInstant();
      return end.when().isAfter(began) ? Duration.between(began, end.when()) : Duration.ZERO;
    } catch (NoSuchFileException atOnce) {
      return Duration.ZERO;
    } catch (IOException broken) {
      throw MicaException.failed("look at", started(), Why.of(broken)).because(broken);
    }
  }

  /**
   * How a container ended.
   *
   * @param status of its first process; 128 plus the signal's number if a signal ended it
   * @param signal the signal; 0: none
   * @param oom whether it was killed because there was no memory
   * @param lost whether it is not known how, because its VM ended first
   */
  record End(int status, int signal, boolean oom, boolean lost, Instant when) {}

  Optional<End> end() {
    try {
      JsonNode json = JsonMapper.shared().readTree(Files.readString(exit()));
      return Optional.of(
          new End(
              json.path("status").asInt(0),
              json.path("signal").asInt(0),
              json.path("oom").asBoolean(false),
              json.path("lost").asBoolean(false),
              Instant.parse(json.required("ended").asString())));
    } catch (NoSuchFileException none) {
      return Optional.empty();
    } catch (IOException broken) {
      throw MicaException.failed("read", exit(), Why.of(broken)).because(broken);
    } catch (JacksonException wrong) {
      throw MicaException.failed("read", exit(), wrong.getOriginalMessage()).because(wrong);
    }
  }

  /** Makes an empty file whose existence says something; it does not exist yet. */
  static void mark(Path file) {
    try {
      Files.createFile(file);
    } catch (IOException broken) {
      throw MicaException.failed("write", file, Why.of(broken)).because(broken);
    }
  }

  void keep(List<Port> ports) {
    try {
      Files.write(ports(), ports.stream().map(Port::toString).toList());
    } catch (IOException broken) {
      throw MicaException.failed("write", ports(), Why.of(broken)).because(broken);
    }
  }

  /** The ports of this run; empty if there are none, or if the start has not come that far. */
  Optional<List<Port>> keptPorts() {
    try {
      return Optional.of(Files.readAllLines(ports()).stream().map(Port::of).toList());
    } catch (NoSuchFileException none) {
      return Optional.empty();
    } catch (IOException broken) {
      throw MicaException.failed("read", ports(), Why.of(broken)).because(broken);
    }
  }

  /** Removes what an earlier run has left, except its log. */
  void forgetRun() {
    for (Path file : new Path[] {exit(), attach(), pid(), said(), started(), paused(), ports()}) {
      try {
        Files.deleteIfExists(file);
      } catch (IOException broken) {
        throw MicaException.failed("remove", file, Why.of(broken)).because(broken);
      }
    }
  }

  /** For good, for nobody would look for them after a power cut. */
  void remove() {
    Core.remove(directory);
    Path all = directory.resolveSibling(".");
    if (Files.isDirectory(all)) {
      Core.syncDirectory(all);
    }
  }
}
