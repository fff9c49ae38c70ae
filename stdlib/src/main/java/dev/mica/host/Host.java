package dev.mica.host;

import dev.mica.state.StateDir;
import java.util.List;

/** This machine and what works on it. */
public final class Host {
  /** The host of this state directory. */
  public Host(StateDir state) {}

  /** What it calls itself. */
  public String name() {
    throw new IllegalStateException("not here yet");
  }

  /** The kernel's release. */
  public String kernel() {
    throw new IllegalStateException("not here yet");
  }

  /** Online processors. */
  public int cpus() {
    throw new IllegalStateException("not here yet");
  }

  /** Memory in bytes. */
  public long memory() {
    throw new IllegalStateException("not here yet");
  }

  /** What {@code mica doctor} shows. */
  public List<Check> checks() {
    throw new IllegalStateException("not here yet");
  }
}
