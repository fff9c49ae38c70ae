package dev.mica.state;

import dev.mica.MicaException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.util.ArrayList;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * The records of one kind: a directory of JSON objects, one file each, named after what they tell
 * of. Each is replaced as a whole and durably, but for {@link #ofProcesses}. A name that could lead
 * elsewhere is no record's.
 */
public final class Records {
  private static final String SUFFIX = ".json";
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,127}");

  private final StateDir state;
  private final Path directory;
  private final boolean lasting;

  Records(StateDir state, Path directory) {
    this(state, directory, true);
  }

  private Records(StateDir state, Path directory, boolean lasting) {
    this.state = state;
    this.directory = directory;
    this.lasting = lasting;
  }

  /**
   * The same, as records of processes, which a power cut ends: after one, a record may be as it was
   * before the last change, but is whole.
   */
  public Records ofProcesses() {
    return new Records(state, directory, false);
  }

  /** A record with nothing in it. */
  public static ObjectNode object() {
    return JsonMapper.shared().createObjectNode();
  }

  /**
   * Those of a kind that could be read.
   *
   * @param damaged why each of the others could not, with its file
   */
  public record Listing<T>(List<T> readable, List<MicaException> damaged) {
    public Listing {
      readable = List.copyOf(readable);
      damaged = List.copyOf(damaged);
    }

    /** All of them; fails with the first that could not be read. */
    public List<T> complete() {
      if (!damaged.isEmpty()) {
        throw damaged.getFirst();
      }
      return readable;
    }
  }

  /** The names there are, in order. */
  public List<String> names() {
    state.requireTrusted();
    try (Stream<Path> files = Files.list(directory)) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.endsWith(SUFFIX))
          .map(name -> name.substring(0, name.length() - SUFFIX.length()))
          .filter(Records::isName)
          .sorted()
          .toList();
    } catch (NoSuchFileException none) {
      return List.of();
    } catch (IOException broken) {
      throw MicaException.failed("list the records in", directory, StateDir.why(broken))
          .because(broken);
    }
  }

  /** One record; fails, naming its file, if it is damaged. */
  public Optional<ObjectNode> find(String name) {
    state.requireTrusted();
    return isName(name) ? load(file(name)) : Optional.empty();
  }

  /** One record as {@code reader} understands it; fails, naming its file, if it does not. */
  public <T> Optional<T> find(String name, Function<ObjectNode, T> reader) {
    return find(name).map(json -> understand(file(name), json, reader));
  }

  /** All of them as {@code reader} understands them. */
  public <T> Listing<T> all(Function<ObjectNode, T> reader) {
    List<T> readable = new ArrayList<>();
    List<MicaException> damaged = new ArrayList<>();
    for (String name : names()) {
      try {
        find(name, reader).ifPresent(readable::add);
      } catch (MicaException bad) {
        damaged.add(bad);
      }
    }
    return new Listing<>(readable, damaged);
  }

  /** What a record lacks, or has of another kind, is told with its file. */
  private static <T> T understand(Path file, ObjectNode json, Function<ObjectNode, T> reader) {
    try {
      return reader.apply(json);
    } catch (JacksonException missing) {
      throw damaged(file, missing.getOriginalMessage()).because(missing);
    } catch (IllegalArgumentException | DateTimeException | NoSuchElementException other) {
      throw damaged(file, String.valueOf(other.getMessage())).because(other);
    }
  }

  /** Writes a record in place of the one of that name, if any. */
  public void put(String name, ObjectNode value) {
    try {
      state.makeDirectory(directory);
      if (lasting) {
        store(state, file(name), value);
      } else {
        state.writeWhole(file(name), bytes(value));
      }
    } catch (IOException broken) {
      throw MicaException.failed("write the record", file(name), StateDir.why(broken))
          .because(broken);
    }
  }

  /** Removes a record; absent is fine. */
  public void remove(String name) {
    try {
      if (lasting) {
        Durable.delete(file(name));
      } else {
        Files.deleteIfExists(file(name));
      }
    } catch (IOException broken) {
      throw MicaException.failed("remove the record", file(name), StateDir.why(broken))
          .because(broken);
    }
  }

  /** Whether a record could be called so. */
  static boolean isName(String name) {
    return NAME.matcher(name).matches();
  }

  private Path file(String name) {
    if (!isName(name)) {
      throw MicaException.usage("name a record", name, "it is no name");
    }
    return directory.resolve(name + SUFFIX);
  }

  static void store(StateDir state, Path file, ObjectNode value) throws IOException {
    state.write(file, bytes(value));
  }

  private static byte[] bytes(ObjectNode value) {
    return value.toPrettyString().getBytes(StateDir.UTF_8);
  }

  static Optional<ObjectNode> load(Path file) {
    try {
      JsonNode read = JsonMapper.shared().readTree(Files.readAllBytes(file));
      if (read instanceof ObjectNode object) {
        return Optional.of(object);
      }
      throw damaged(file, "it is not a JSON object");
    } catch (NoSuchFileException none) {
      return Optional.empty();
    } catch (JacksonException bad) {
      throw damaged(file, bad.getOriginalMessage()).because(bad);
    } catch (IOException broken) {
      throw MicaException.failed("read the record", file, StateDir.why(broken)).because(broken);
    }
  }

  private static MicaException damaged(Path file, String why) {
    return MicaException.failed("read the record", file, "it is damaged: " + why)
        .hint("put it back from a backup, or move it away to go on without it");
  }
}
