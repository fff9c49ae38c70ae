package dev.mica.folder;

import dev.mica.access.Caller;
import dev.mica.core.Core;
import java.util.Optional;

/** Replaces a {@code ~} at the beginning of a path by a home directory, as shells do. */
final class TildePath {
  private TildePath() {}

  /**
   * {@code ~} and {@code ~/x} below the caller's home directory, {@code ~name/x} below that of a
   * user of this host; every other text as it is, one of a user that there is not, too.
   */
  static String expand(Caller caller, String path) {
    if (!path.startsWith("~")) {
      return path;
    }
    int slash = path.indexOf('/');
    String user = path.substring(1, slash < 0 ? path.length() : slash);
    String below = slash < 0 ? "" : path.substring(slash);
    return of(caller, user)
        .map(home -> home.equals("/") && !below.isEmpty() ? below : home + below)
        .orElse(path);
  }

  private static Optional<String> of(Caller caller, String user) {
    if (!user.isEmpty()) {
      return Core.home(user);
    }
    String home = caller.environment().getOrDefault("HOME", "");
    return Optional.of(home.isEmpty() ? System.getProperty("user.home") : home);
  }
}
