package dev.mica.session;

import dev.mica.access.Caller;
import java.time.Duration;
import java.util.Optional;

/**
 * A session as the server has it that serves it. Any thread may call these, and none of them waits
 * for the client.
 */
public interface Served {
  /** What a session is for. */
  enum Kind {
    /** A conversation at a terminal. */
    PROMPT,
    /** A conversation with a program, which sends lines. */
    PIPE,
    /** One command. */
    COMMAND,
    /** Files. */
    SFTP
  }

  /** Whose it is, and how they have come in. */
  Caller caller();

  /** What it is for. */
  Kind kind();

  /** What its terminal shows; empty if it has none. */
  Optional<Shown> shown();

  /** Whether what its terminal shows is to be recorded. */
  boolean records();

  /** How long ago its client has sent anything. */
  Duration idle();

  /** What runs in it now, without what could be secret; "" if nothing does. */
  String running();

  /**
   * Shows a line of somebody else's to its user, without harm to what the user is typing. Whatever
   * would be obeyed by a terminal is escaped.
   *
   * @return false if there is no place for it
   */
  boolean say(String line);

  /** Ends it and what it runs, soon; its user is told why. */
  void end(String why);
}
