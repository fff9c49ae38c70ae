package dev.mica.scripting.run;

import java.util.AbstractMap;
import java.util.AbstractSet;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The variables of a session, in the order of their making. Any thread may use it, and none can
 * hold it up: the lock is nobody else's, and no code of a user runs while it is held. Whoever goes
 * through it goes through a copy. An abandoned evaluation can set nothing any more.
 */
public final class Variables extends AbstractMap<String, @Nullable Object> {
  private final Map<String, @Nullable Object> values = new LinkedHashMap<>();

  @Override
  public @Nullable Object get(@Nullable Object name) {
    synchronized (values) {
      return name instanceof String known ? values.get(known) : null;
    }
  }

  @Override
  public boolean containsKey(@Nullable Object name) {
    synchronized (values) {
      return name instanceof String known && values.containsKey(known);
    }
  }

  @Override
  public @Nullable Object put(String name, @Nullable Object value) {
    Evaluation.refuseAbandoned();
    synchronized (values) {
      return values.put(name, value);
    }
  }

  @Override
  public @Nullable Object remove(@Nullable Object name) {
    Evaluation.refuseAbandoned();
    synchronized (values) {
      return name instanceof String known ? values.remove(known) : null;
    }
  }

  @Override
  public void clear() {
    Evaluation.refuseAbandoned();
    synchronized (values) {
      values.clear();
    }
  }

  @Override
  public int size() {
    synchronized (values) {
      return values.size();
    }
  }

  /** Their names now. */
  public List<String> names() {
    synchronized (values) {
      return List.copyOf(values.keySet());
    }
  }

  @Override
  public Set<Map.Entry<String, @Nullable Object>> entrySet() {
    List<Map.Entry<String, @Nullable Object>> now = new ArrayList<>();
    synchronized (values) {
      values.forEach((name, value) -> now.add(new SimpleImmutableEntry<>(name, value)));
    }
    return new AbstractSet<>() {
      @Override
      public Iterator<Map.Entry<String, @Nullable Object>> iterator() {
        return Collections.unmodifiableList(now).iterator();
      }

      @Override
      public int size() {
        return now.size();
      }
    };
  }
}
