package dev.mica.session;

import java.time.Instant;
import java.util.List;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** The sessions that are open, by their numbers, which are never used again. */
final class Registry {
  /**
   * One that is open.
   *
   * @param number counted from 1 since the process began
   * @param shared whether every user may watch it
   */
  record Entry(long number, Served served, Instant since, AtomicBoolean shared) {}

  private final ConcurrentSkipListMap<Long, Entry> open = new ConcurrentSkipListMap<>();
  private final AtomicLong last = new AtomicLong();
  private final AtomicInteger servers = new AtomicInteger();
  private final Recordings recordings;

  Registry(Recordings recordings) {
    this.recordings = recordings;
  }

  Recordings recordings() {
    return recordings;
  }

  /** A server runs in this process from now on, or no longer. */
  void serve(boolean runs) {
    servers.addAndGet(runs ? 1 : -1);
  }

  boolean isServing() {
    return servers.get() > 0;
  }

  /** It is open from now on. */
  void enter(Served served) {
    Entry entry = new Entry(last.incrementAndGet(), served, Instant.now(), new AtomicBoolean());
    if (served.records()) {
      served.shown().ifPresent(shown -> recordings.begin(entry, shown));
    }
    open.put(entry.number(), entry);
  }

  /** It has ended with that exit status. */
  void leave(Served served, int status) {
    boolean _ = open.values().removeIf(entry -> entry.served().equals(served));
    served.shown().ifPresent(shown -> shown.end(status));
  }

  List<Entry> all() {
    return List.copyOf(open.values());
  }
}
