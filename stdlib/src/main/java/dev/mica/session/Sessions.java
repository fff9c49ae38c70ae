package dev.mica.session;

import dev.mica.access.Caller;
import dev.mica.access.Role;
import dev.mica.failure.MicaException;
import dev.mica.state.StateDir;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The sessions of the SSH server in this process. An admin sees all of them, and everybody else
 * their own and those that are shared: the others do not exist for them.
 */
public final class Sessions {
  private static final int LONGEST_MESSAGE = 2000;

  private final Caller caller;
  private final Registry registry;

  /** None yet; their recordings lie in {@code state}. */
  public Sessions(StateDir state) {
    this(Caller.ofProcess(), new Registry(new Recordings(state)));
  }

  /** The same as {@code caller} sees them. */
  public Sessions(Caller caller, Sessions same) {
    this(caller, same.registry);
  }

  private Sessions(Caller caller, Registry registry) {
    this.caller = caller;
    this.registry = registry;
  }

  /** Those that are open, the oldest first; fails where no server runs. */
  public List<Session> list() {
    return visible("list", "the sessions").toList();
  }

  /** The id of the one that the caller is in; "" if in none. */
  public String current() {
    return registry.all().stream()
        .filter(entry -> entry.served().caller() == caller)
        .map(entry -> Long.toString(entry.number()))
        .findFirst()
        .orElse("");
  }

  /** The one with that id, if it is open. */
  public Optional<Session> find(String id) {
    return visible("find the session", id).filter(session -> session.id().equals(id)).findFirst();
  }

  /** The one with that id; fails if it is not open. */
  public Session get(String id) {
    List<Session> all = visible("find the session", id).toList();
    return all.stream()
        .filter(session -> session.id().equals(id))
        .findFirst()
        .orElseThrow(
            () -> MicaException.unknown("session", id, all.stream().map(Session::id).toList()));
  }

  /** Shows a message to the users of all sessions; those that have no place for it are left out. */
  public List<Session> message(String text) {
    return caller.change(
        Role.ADMIN,
        "send a message to",
        "all sessions",
        () -> {
          List<String> lines = lines(text, "all sessions");
          return list().stream().filter(session -> session.say(lines)).toList();
        });
  }

  /** What of a message is one line each; fails if it is none. */
  static List<String> lines(String text, String to) {
    List<String> lines = text.strip().lines().toList();
    if (lines.isEmpty() || text.length() > LONGEST_MESSAGE) {
      throw MicaException.usage(
          "send a message to",
          to,
          "a message has 1 to " + LONGEST_MESSAGE + " characters, and that has " + text.length());
    }
    return lines;
  }

  private Stream<Session> visible(String doing, String object) {
    if (!registry.isServing()) {
      throw MicaException.failed(doing, object, "no server runs in this process")
          .hint("ask that of mica serve from a shell, mica session ls, or over SSH");
    }
    return registry.all().stream()
        .map(entry -> new Session(caller, entry))
        .filter(Session::isVisible);
  }

  /** A server runs in this process from now on, or no longer. */
  public void serve(boolean runs) {
    mayServe();
    registry.serve(runs);
  }

  /** The recordings that this host has, the oldest first. */
  public List<Recording> recordings() {
    caller.require(Role.ADMIN, "look at", "the recordings of sessions");
    return registry.recordings().list();
  }

  /** A session has begun. */
  public void enter(Served served) {
    mayServe();
    registry.enter(served);
  }

  /** A session has ended, with that exit status. */
  public void leave(Served served, int status) {
    mayServe();
    registry.leave(served, status);
  }

  private void mayServe() {
    caller.require(Role.ADMIN, "serve", "sessions");
  }
}
