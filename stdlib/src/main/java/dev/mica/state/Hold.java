package dev.mica.state;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** The objects that a thread has locked; closing it lets them go. */
public final class Hold implements AutoCloseable {
  private final ObjectLocks locks;
  private final List<String> objects = new ArrayList<>();

  Hold(ObjectLocks locks) {
    this.locks = locks;
  }

  /** Takes one more for {@code what}; fails, naming the holder, after {@code wait}. */
  void add(String object, String what, Duration wait) {
    locks.acquire(object, what, wait);
    objects.add(object);
  }

  List<String> objects() {
    return objects;
  }

  @Override
  public void close() {
    objects.reversed().forEach(locks::release);
    objects.clear();
  }
}
