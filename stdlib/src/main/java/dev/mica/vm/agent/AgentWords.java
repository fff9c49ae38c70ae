package dev.mica.vm.agent;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The words {@code KEY=VALUE} of a request; the values are encoded here. */
final class AgentWords {
  private final Map<String, String> encoded = new TreeMap<>();

  private AgentWords() {}

  /** Those of a verb that takes none, or the beginning of others. */
  static AgentWords none() {
    return new AgentWords();
  }

  /** Those of a verb about the share, union, disk or container of that name. */
  static AgentWords of(String name) {
    return none().with("name", name);
  }

  AgentWords with(String key, String value) {
    encoded.put(key, AgentLine.encode(value));
    return this;
  }

  AgentWords with(String key, long number) {
    encoded.put(key, Long.toString(number));
    return this;
  }

  AgentWords with(String key, byte[] value) {
    encoded.put(key, AgentLine.encode(value));
    return this;
  }

  AgentWords with(String key, List<?> items) {
    encoded.put(key, AgentLine.list(items));
    return this;
  }

  /** A key that is only there if it is set; then its value is 1. */
  AgentWords flag(String key, boolean set) {
    if (set) {
      encoded.put(key, "1");
    }
    return this;
  }

  Map<String, String> encoded() {
    return encoded;
  }
}
