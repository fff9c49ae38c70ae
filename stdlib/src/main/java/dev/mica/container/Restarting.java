package dev.mica.container;

import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import dev.mica.vm.process.Daemon;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What is known of one VM's being started again, in files beside its others. */
record Restarting(Restart policy, VmFiles files) {
  /** Who waits until it is to be started again, or starts it. */
  Daemon restarter() {
    return new Daemon(files.restarter());
  }

  /** Those of this run. */
  Restarts done() {
    try {
      JsonNode json = JsonMapper.shared().readTree(Files.readString(files.restarts()));
      return new Restarts(
          json.path("count").asInt(0), Duration.ofMillis(json.path("waited").asLong(0)));
    } catch (NoSuchFileException none) {
      return Restarts.NONE;
    } catch (IOException broken) {
      throw MicaException.failed("read", files.restarts(), Why.of(broken)).because(broken);
    } catch (JacksonException wrong) {
      throw MicaException.failed("read", files.restarts(), wrong.getOriginalMessage())
          .because(wrong);
    }
  }

  void keep(Restarts restarts) {
    write(
        files.restarts(),
        JsonMapper.shared()
            .createObjectNode()
            .put("count", restarts.count())
            .put("waited", restarts.waited().toMillis())
            .toString());
  }

  /** Those after the one that is to come now that it has ended; empty if there is to be none. */
  Optional<Restarts> next() {
    if (!isAllowed()) {
      return Optional.empty();
    }
    return files
        .end()
        .flatMap(end -> done().next(policy, end.lost() || end.status() != 0, files.ran(end)));
  }

  /** It is to be started again when it ends, if that is its policy. */
  void allow() {
    if (policy.isOn()) {
      write(files.again(), "");
    }
  }

  /** Somebody ends it: it is not started again, whenever it ends. */
  void forbid() {
    remove(files.again());
  }

  boolean isAllowed() {
    return policy.isOn() && Files.exists(files.again());
  }

  /** We are who starts it again. */
  void claim() {
    write(files.restarter(), ProcessHandle.current().pid() + "\n");
  }

  /** Whether we are. */
  private boolean isUs() {
    return restarter().process().filter(ProcessHandle.current()::equals).isPresent();
  }

  void release() {
    if (isUs()) {
      remove(files.restarter());
    }
  }

  /** Ends who starts it again, unless we are. */
  void stop() {
    if (!isUs()) {
      restarter().kill();
    }
  }

  /** It could not be started, for that reason. */
  void keepTrouble(String why) {
    write(files.trouble(), why);
  }

  /** Why it could not be started the last time. */
  Optional<String> trouble() {
    try {
      return Optional.of(Files.readString(files.trouble()));
    } catch (NoSuchFileException none) {
      return Optional.empty();
    } catch (IOException broken) {
      throw MicaException.failed("read", files.trouble(), Why.of(broken)).because(broken);
    }
  }

  /** It is started: nothing is left of the run before. */
  void forgetRun() {
    remove(files.restarts());
    remove(files.trouble());
  }

  /** Whole or not at all: who is killed in between leaves what was there. */
  private static void write(Path file, String text) {
    Path fresh = file.resolveSibling(file.getFileName() + ".new");
    try {
      Files.writeString(fresh, text);
      Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException broken) {
      throw MicaException.failed("write", file, Why.of(broken)).because(broken);
    }
  }

  private static void remove(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException broken) {
      throw MicaException.failed("remove", file, Why.of(broken)).because(broken);
    }
  }
}
