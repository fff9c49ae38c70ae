package dev.mica.state;

import dev.mica.MicaException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * The records of one kind: a directory of JSON objects, one file each, named after what they tell
 * of. Each is replaced as a whole and durably. Names come from the callers and hold no {@code /}.
 */
public final class Records {
  private static final String SUFFIX = ".json";

  private final StateDir state;
  private final Path directory;

  Records(StateDir state, Path directory) {
    this.state = state;
    this.directory = directory;
  }

  /** A record with nothing in it. */
  public static ObjectNode object() {
    return JsonMapper.shared().createObjectNode();
  }

  /** The names there are, in order. */
  public List<String> names() {
    try (Stream<Path> files = Files.list(directory)) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.endsWith(SUFFIX))
          .map(name -> name.substring(0, name.length() - SUFFIX.length()))
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
    return load(file(name));
  }

  /** Writes a record in place of the one of that name, if any. */
  public void put(String name, ObjectNode value) {
    try {
      Files.createDirectories(directory);
      store(state, file(name), value);
    } catch (IOException broken) {
      throw MicaException.failed("write the record", file(name), StateDir.why(broken))
          .because(broken);
    }
  }

  /** Removes a record; absent is fine. */
  public void remove(String name) {
    try {
      Durable.delete(file(name));
    } catch (IOException broken) {
      throw MicaException.failed("remove the record", file(name), StateDir.why(broken))
          .because(broken);
    }
  }

  private Path file(String name) {
    return directory.resolve(name + SUFFIX);
  }

  static void store(StateDir state, Path file, ObjectNode value) throws IOException {
    Durable.write(file, value.toPrettyString().getBytes(StateDir.UTF_8), state.scratch());
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
