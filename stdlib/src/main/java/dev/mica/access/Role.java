package dev.mica.access;

import java.util.Locale;

/** Who may use a word or a command; each role may do what those before it may. */
public enum Role {
  /** Looks. */
  VIEWER,
  /** Mounts, commits, removes. */
  OPERATOR,
  /** Also runs scripts, which can do whatever the process can. */
  ADMIN;

  /** {@code operator}. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }
}
