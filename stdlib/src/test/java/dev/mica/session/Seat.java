package dev.mica.session;

import dev.mica.access.Caller;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A session that nobody is at: it keeps what it is told. */
public final class Seat implements Served {
  final List<String> said = new ArrayList<>();
  final List<String> ended = new ArrayList<>();
  final Shown shown = new Shown("xterm", 80, 24);
  boolean records;
  private final Caller caller;
  private final Kind kind;

  /** One at a prompt. */
  public Seat(Caller caller) {
    this(caller, Kind.PROMPT);
  }

  Seat(Caller caller, Kind kind) {
    this.caller = caller;
    this.kind = kind;
  }

  @Override
  public Caller caller() {
    return caller;
  }

  @Override
  public Kind kind() {
    return kind;
  }

  @Override
  public Optional<Shown> shown() {
    return kind == Kind.PROMPT ? Optional.of(shown) : Optional.empty();
  }

  @Override
  public boolean records() {
    return records;
  }

  @Override
  public Duration idle() {
    return Duration.ofSeconds(7);
  }

  @Override
  public String running() {
    return "";
  }

  @Override
  public boolean say(String line) {
    return kind != Kind.SFTP && said.add(line);
  }

  @Override
  public void end(String why) {
    boolean _ = ended.add(why);
  }
}
