package dev.mica.access;

import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/** Who may use a word or a command; each role may do what those before it may. */
public enum Role {
  /** Looks. */
  VIEWER,
  /** Mounts, commits, removes. */
  OPERATOR,
  /** Also runs scripts, which can do whatever the process can. */
  ADMIN;

  /** The words for all of them. */
  public static List<String> words() {
    return Stream.of(values()).map(Role::word).toList();
  }

  /** The role that {@code word} is the word for; fails if there is none. */
  public static Role of(String word) {
    return valueOf(word.toUpperCase(Locale.ROOT));
  }

  /** {@code operator}. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }
}
