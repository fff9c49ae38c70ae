package dev.mica.commit;

import dev.mica.failure.MicaException;
import dev.mica.state.Records;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/** The names of commits: {@code store/refs.json}, with the id that each name leads to. */
record CommitNames(Records records) {
  private static final String FILE = "refs";

  /** The names, and the id each leads to; fails, naming their file, if that is damaged. */
  Map<String, String> all() {
    Map<String, String> refs = new TreeMap<>();
    records
        .find(FILE)
        .ifPresent(json ->
            json.properties().forEach(e -> refs.put(e.getKey(), e.getValue().asString(""))));
    return refs;
  }

  /** The names as far as they can be read, for output only. */
  Map<String, String> readable() {
    try {
      return all();
    } catch (MicaException bad) {
      return Map.of(); // Store.all() lists it among the damaged
    }
  }

  /** The names that lead to it, if the names can be read. */
  List<String> of(String id) {
    return readable().entrySet().stream()
        .filter(ref -> ref.getValue().equals(id))
        .map(Map.Entry::getKey)
        .collect(Collectors.toCollection(ArrayList::new));
  }

  /** Makes {@code ref} lead to that commit. */
  void put(String ref, String id) {
    Map<String, String> refs = all();
    if (!id.equals(refs.put(ref, id))) {
      write(refs);
    }
  }

  /** Forgets that name of a commit unless it is its only one; returns whether it is forgotten. */
  boolean forget(String ref, String id) {
    Map<String, String> refs = all();
    boolean forgotten = refs.remove(ref, id) && refs.containsValue(id);
    if (forgotten) {
      write(refs);
    }
    return forgotten;
  }

  /** Forgets all names that lead to that commit. */
  void forgetAll(String id) {
    Map<String, String> refs = all();
    if (refs.values().removeIf(id::equals)) {
      write(refs);
    }
  }

  /** If {@code ref} leads to that commit, it leads to {@code before} again, or nowhere. */
  void takeBack(String ref, String id, @Nullable String before) {
    Map<String, String> refs = all();
    if (!id.equals(refs.get(ref))) {
      return;
    }
    refs.remove(ref);
    if (before != null) {
      refs.put(ref, before);
    }
    write(refs);
  }

  private void write(Map<String, String> refs) {
    ObjectNode json = Records.object();
    refs.forEach(json::put);
    records.put(FILE, json);
  }
}
