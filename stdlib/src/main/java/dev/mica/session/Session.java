package dev.mica.session;

import dev.mica.access.Caller;
import dev.mica.access.Role;
import dev.mica.failure.MicaException;
import java.time.Instant;
import java.util.List;

/** A session of a user of the SSH server, which is a channel of the user's client. */
public final class Session {
  private final Caller caller;
  private final Registry.Entry entry;

  Session(Caller caller, Registry.Entry entry) {
    this.caller = caller;
    this.entry = entry;
  }

  private Served served() {
    return entry.served();
  }

  private boolean isOwn() {
    return served().caller().user().equals(caller.user());
  }

  /** Those of others that are shared are watched, but who they are is not told. */
  private boolean mayKnow() {
    return isOwn() || caller.role() == Role.ADMIN;
  }

  private Role mine() {
    return isOwn() ? Role.VIEWER : Role.ADMIN;
  }

  boolean isVisible() {
    return mayKnow() || entry.shared().get();
  }

  /** Its number, by which it is called; a server uses none again. */
  public String id() {
    return Long.toString(entry.number());
  }

  /** Whose it is. */
  public String user() {
    return served().caller().user();
  }

  /** What its user may do: {@code operator}. */
  public String role() {
    return served().caller().role().word();
  }

  /** The address that its client has come from; "" of somebody else's that is shared. */
  public String from() {
    return mayKnow() ? served().caller().door().from() : "";
  }

  /** The fingerprint of the key of its user; "" of somebody else's that is shared. */
  public String key() {
    return mayKnow() ? served().caller().door().key() : "";
  }

  /** When it began. */
  public Instant since() {
    return entry.since();
  }

  /** What it is for. */
  public Served.Kind kind() {
    return served().kind();
  }

  /** What runs in it now: a command without its arguments, or what that does; "" if nothing. */
  public String running() {
    return served().running();
  }

  /** The size of its terminal, as {@code 80x24}; "" if it has none. */
  public String size() {
    return served().shown().map(shown -> shown.columns() + "x" + shown.rows()).orElse("");
  }

  /** For how many seconds its client has sent nothing. */
  public long idle() {
    return served().idle().toSeconds();
  }

  /** Whether every user may watch it. */
  public boolean shared() {
    return entry.shared().get();
  }

  /** How many watch it. */
  public int watches() {
    return served().shown().map(Shown::watches).orElse(0);
  }

  /** Whether it is being recorded. */
  public boolean recorded() {
    return served().shown().map(Shown::isRecorded).orElse(false);
  }

  /** Lets every user watch it, or only its own user and admins. */
  public void share(boolean wanted) {
    caller.run(
        mine(),
        wanted ? "share" : "share no longer",
        named(),
        () -> {
          Shown _ = terminal("share");
          entry.shared().set(wanted);
        });
  }

  /** Begins to watch what its terminal shows; the watch must be closed. */
  public Watch watch() {
    return isOwn()
        ? terminal("watch").watch(named())
        : caller.change(Role.VIEWER, "watch", named(), () -> terminal("watch").watch(named()));
  }

  private Shown terminal(String doing) {
    return served()
        .shown()
        .orElseThrow(() ->
            MicaException.failed(doing, named(), "it has no terminal")
                .hint("session ls shows which ones have a size"));
  }

  /** Shows a message to its user, who goes on typing where they were. */
  public void message(String text) {
    caller.run(
        Role.ADMIN,
        "send a message to",
        named(),
        () -> {
          if (!say(Sessions.lines(text, named()))) {
            throw MicaException.failed(
                "send a message to", named(), "it has no place for one, or is too busy to take it");
          }
        });
  }

  /** Whether all of them were taken. */
  boolean say(List<String> lines) {
    return lines.stream()
        .map(line -> served().say(caller.user() + " says: " + line))
        .reduce(true, Boolean::logicalAnd);
  }

  /** Ends it and what it runs; what that has started (VMs, mounts) goes on. */
  public void kill() {
    caller.run(
        mine(), "end", named(), () -> served().end("this session was ended by " + caller.user()));
  }

  /** As messages call it. */
  private String named() {
    return "the session " + id() + " of " + user();
  }

  @Override
  public String toString() {
    return named();
  }
}
