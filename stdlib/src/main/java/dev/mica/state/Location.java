package dev.mica.state;

import dev.mica.failure.MicaException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;

/** Which directory an environment names as the state directory, and how long it has one wait. */
final class Location {
  static final Duration DEFAULT_WAIT = Duration.ofSeconds(10);

  private Location() {}

  /** The real path, also of what is not there yet, so that a layer in it has one name only. */
  static Path real(Path home) {
    Path absolute = home.toAbsolutePath().normalize();
    for (Path there = absolute; there != null; there = there.getParent()) {
      if (Files.exists(there)) {
        try {
          return there.toRealPath().resolve(there.relativize(absolute)).normalize();
        } catch (IOException hidden) {
          return absolute; // whoever uses it is told why it cannot be
        }
      }
    }
    return absolute;
  }

  /** What {@link StateDir#ofEnvironment} says. */
  static Path of(Map<String, String> environment) {
    String named = environment.getOrDefault("MICA_HOME", "");
    if (!named.isEmpty()) {
      return Path.of(named);
    }
    if (System.getProperty("user.name").equals("root")) {
      return Path.of("/var/lib/mica");
    }
    String xdg = environment.getOrDefault("XDG_STATE_HOME", "");
    Path base =
        xdg.startsWith("/") // the XDG rules: a relative one is ignored
            ? Path.of(xdg)
            : userHome(environment).resolve(".local/state");
    return base.resolve("mica");
  }

  /** {@code HOME} as the XDG rules have it; Java's own is that of the user database. */
  private static Path userHome(Map<String, String> environment) {
    String named = environment.getOrDefault("HOME", "");
    return Path.of(named.startsWith("/") ? named : System.getProperty("user.home"));
  }

  /** {@code MICA_LOCK_WAIT}, in seconds. */
  static Duration wait(Map<String, String> environment) {
    String seconds = environment.getOrDefault("MICA_LOCK_WAIT", "");
    if (seconds.isEmpty()) {
      return DEFAULT_WAIT;
    }
    if (!seconds.matches("\\d{1,6}")) {
      throw MicaException.usage("use MICA_LOCK_WAIT", seconds, "it is not a number of seconds");
    }
    return Duration.ofSeconds(Long.parseLong(seconds));
  }
}
