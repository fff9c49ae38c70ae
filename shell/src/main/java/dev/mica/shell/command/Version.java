package dev.mica.shell.command;

import java.util.Optional;

/** Which Mica this is. */
final class Version {
  private Version() {}

  static String text() {
    String built = Version.class.getPackage().getImplementationVersion();
    return Optional.ofNullable(built).orElse("development") + " (Java " + Runtime.version() + ")";
  }
}
