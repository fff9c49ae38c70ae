package dev.mica.shell.command;

import java.util.List;

/**
 * An option or a positional argument of a command.
 *
 * @param names {@code --lower}, {@code -m}; of a positional its name in capitals, alone
 * @param kind what its value is
 * @param required whether the command is wrong without it
 * @param many whether it may come several times
 * @param summary a few words
 * @param choices the values of a {@link Kind#CHOICE}
 */
public record Parameter(
    List<String> names,
    Kind kind,
    boolean required,
    boolean many,
    String summary,
    List<String> choices) {
  /** What a value is, for completion. */
  public enum Kind {
    FLAG,
    PATH,
    UNION,
    COMMIT,
    VM,
    USER,
    JOB,
    SESSION,
    /** A path or a commit. */
    LAYER,
    CHOICE,
    TEXT,
    /** A text that may be empty, which says something. */
    ANY_TEXT,
    /** A script; completed like a path. */
    SCRIPT,
    /** An expression, taken as it is unless it is one of the command's options. */
    CODE,
    /** All the words that are left, options or not; of a command's arguments only the last. */
    REST,
    /**
     * A program and its arguments: all the words from the first one that is no option, or behind
     * {@code --}; of a command's arguments only the last.
     */
    PROGRAM
  }

  static Parameter argument(String name, Kind kind, String summary) {
    return new Parameter(List.of(name), kind, true, false, summary, List.of());
  }

  /** A program and its arguments. */
  static Parameter program(String name, String summary) {
    return new Parameter(List.of(name), Kind.PROGRAM, false, true, summary, List.of());
  }

  /** All that is left on the line. */
  static Parameter rest(String name, String summary) {
    return new Parameter(List.of(name), Kind.REST, false, true, summary, List.of());
  }

  static Parameter option(String name, Kind kind, String summary) {
    return new Parameter(List.of(name.split(" ")), kind, false, false, summary, List.of());
  }

  static Parameter flag(String name, String summary) {
    return option(name, Kind.FLAG, summary);
  }

  static Parameter choice(String name, String summary, List<String> choices) {
    return new Parameter(List.of(name.split(" ")), Kind.CHOICE, false, false, summary, choices);
  }

  Parameter optional() {
    return new Parameter(names, kind, false, many, summary, choices);
  }

  Parameter mandatory() {
    return new Parameter(names, kind, true, many, summary, choices);
  }

  Parameter repeatable() {
    return new Parameter(names, kind, required, true, summary, choices);
  }

  boolean isOption() {
    return names.getFirst().startsWith("-");
  }

  /** The long name, or the name of the positional. */
  public String name() {
    return names.getLast();
  }

  /** {@code --lower A}, {@code [--via auto|kernel|fuse]}, {@code NAME}. */
  String usage() {
    if (kind == Kind.PROGRAM) {
      return required ? "-- " + name() + "…" : "[-- " + name() + "…]";
    }
    String text = !isOption() ? name() : kind == Kind.FLAG ? name() : name() + " " + value();
    return (required ? text : "[" + text + "]") + (many ? "…" : "");
  }

  private String value() {
    return switch (kind) {
      case CHOICE -> String.join("|", choices);
      case PATH, SCRIPT -> "PATH";
      case LAYER -> "PATH|COMMIT";
      case UNION -> "UNION";
      case COMMIT -> "COMMIT";
      case VM -> "VM";
      case USER -> "USER";
      case JOB, SESSION -> "ID";
      default -> "TEXT";
    };
  }
}
