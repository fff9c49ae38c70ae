package dev.mica.state;

import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The journal: {@code journal/ID.json} for each operation that is under way or was cut short.
 *
 * <p>An id is a number, counted up while there are entries, and a random part that makes it another
 * one the next time. An operation within another has the higher number.
 */
final class Journal {
  private static final Pattern ID = Pattern.compile("(\\d{1,9})-[0-9a-f]{4}");
  private static final String SUFFIX = ".json";

  /** An older Mica had one entry at a time, in this file beside the journal; it is its id, too. */
  private static final String SINGLE = "intent";

  private final Home home;
  private final Path directory;

  Journal(Home home) {
    this.home = home;
    this.directory = home.path().resolve("journal");
  }

  /**
   * One entry.
   *
   * @param json as it was read; one that cannot be read has nothing in it but {@code damaged}
   */
  record Entry(String id, ObjectNode json) {
    String operation() {
      return json.path("operation").asString("an operation");
    }

    ObjectNode facts() {
      return json.path("facts") instanceof ObjectNode facts ? facts : Records.object();
    }

    Optional<String> damage() {
      return json.has("damaged")
          ? Optional.of(json.path("damaged").asString(""))
          : Optional.empty();
    }

    List<String> objects() {
      List<String> objects = new ArrayList<>();
      for (JsonNode object : json.path("objects")) {
        objects.add(object.asString());
      }
      return objects;
    }

    /** Whether what it changes is what readers look at. */
    boolean isPublishing() {
      return json.path("publishing").asBoolean(true);
    }

    boolean isUnderWay() {
      return Writer.of(json.path("process")).isAlive();
    }

    private int number() {
      Matcher id = ID.matcher(this.id);
      return id.matches() ? Integer.parseInt(id.group(1)) : 0;
    }
  }

  /** All of them, the inner before the outer, and the one of an older Mica at the end. */
  List<Entry> entries() {
    List<Entry> entries = numbered();
    entries.sort(Comparator.comparingInt(Entry::number).reversed().thenComparing(Entry::id));
    read(SINGLE).ifPresent(entries::add);
    return entries;
  }

  private List<Entry> numbered() {
    List<Entry> entries = new ArrayList<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, "*" + SUFFIX)) {
      for (Path file : files) {
        String name = file.getFileName().toString();
        read(name.substring(0, name.length() - SUFFIX.length())).ifPresent(entries::add);
      }
    } catch (NoSuchFileException none) {
      return entries;
    } catch (IOException broken) {
      throw MicaException.failed("list the journal", directory, Why.of(broken)).because(broken);
    }
    return entries;
  }

  private Optional<Entry> read(String id) {
    try {
      return Records.load(file(id)).map(json -> new Entry(id, json));
    } catch (MicaException damaged) {
      return Optional.of(
          new Entry(id, Records.object().put("damaged", String.valueOf(damaged.getMessage()))));
    }
  }

  String newId() {
    int last = entries().stream().mapToInt(Entry::number).max().orElse(0);
    int chance = ThreadLocalRandom.current().nextInt(1 << 16);
    return String.format("%d-%04x", last + 1, chance);
  }

  void write(
      String id, String operation, List<String> objects, ObjectNode facts, boolean publishing) {
    ObjectNode entry = Records.object();
    entry.put("operation", operation);
    objects.forEach(entry.putArray("objects")::add);
    entry.set("process", Writer.self().toJson());
    entry.put("publishing", publishing);
    entry.set("facts", facts);
    try {
      home.makeDirectory(directory);
      Records.store(home, file(id), entry);
    } catch (IOException broken) {
      throw MicaException.failed("write the journal", file(id), Why.of(broken)).because(broken);
    }
  }

  void strike(String id) {
    try {
      Durable.delete(file(id));
    } catch (IOException broken) {
      throw MicaException.failed("strike the journal", file(id), Why.of(broken)).because(broken);
    }
  }

  private Path file(String id) {
    Path in = id.equals(SINGLE) ? home.path() : directory;
    return in.resolve(id + SUFFIX);
  }
}
