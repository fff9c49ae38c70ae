package dev.mica.state;

import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.DateTimeException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * The records of one kind: a directory of JSON objects in one file each, whose name is that of the
 * object described. Each is replaced as a whole, and durably except with {@link #ofProcesses}. A
 * name that could lead elsewhere is not allowed.
 */
public final class Records {
  private static final String SUFFIX = ".json";

  /** A larger file is not a record: one of 500 layers with the longest paths has 11 MiB. */
  private static final long LARGEST = 32 << 20;

  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,127}");

  private final Home home;
  private final Path directory;
  private final boolean lasting;

  Records(Home home, Path directory) {
    this(home, directory, true);
  }

  private Records(Home home, Path directory, boolean lasting) {
    this.home = home;
    this.directory = directory;
    this.lasting = lasting;
  }

  /**
   * The same, as records of processes, which a power cut ends: after one, a record may be as it was
   * before the last change, but is whole.
   */
  public Records ofProcesses() {
    return new Records(home, directory, false);
  }

  /** A record with nothing in it. */
  public static ObjectNode object() {
    return JsonMapper.shared().createObjectNode();
  }

  /**
   * The records of a kind that could be read.
   *
   * @param damaged why each of the others could not be read, with its file
   */
  public record Listing<T>(List<T> readable, List<MicaException> damaged) {
    public Listing {
      readable = List.copyOf(readable);
      damaged = List.copyOf(damaged);
    }

    /** All records; fails with the first one that could not be read. */
    public List<T> complete() {
      if (!damaged.isEmpty()) {
        throw damaged.getFirst();
      }
      return readable;
    }
  }

  /** The names of all records, in order. */
  public List<String> names() {
    home.requireTrusted();
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
      throw MicaException.failed("list the records in", directory, Why.of(broken)).because(broken);
    }
  }

  /** One record; fails, naming its file, if it is damaged. */
  public Optional<ObjectNode> find(String name) {
    home.requireTrusted();
    return isName(name) ? load(file(name)) : Optional.empty();
  }

  /**
   * Makes an object from a record.
   *
   * @param <T> the type of the object
   */
  @FunctionalInterface
  public interface Reader<T> {
    /**
     * Fails with an IllegalArgumentException, or an exception of Jackson's, if the record of that
     * name is not valid.
     */
    T read(String name, ObjectNode json);
  }

  /** One record as {@code reader} understands it; if it is not valid, the error names its file. */
  public <T> Optional<T> find(String name, Reader<T> reader) {
    return find(name).map(json -> understand(name, json, reader));
  }

  /** All records as {@code reader} understands them. */
  public <T> Listing<T> all(Reader<T> reader) {
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

  /** If a field is missing or has the wrong type, the error names the file of the record. */
  private <T> T understand(String name, ObjectNode json, Reader<T> reader) {
    try {
      return reader.read(name, json);
    } catch (JacksonException missing) {
      throw damaged(name, missing.getOriginalMessage()).because(missing);
    } catch (IllegalArgumentException | DateTimeException | NoSuchElementException other) {
      throw damaged(name, String.valueOf(other.getMessage())).because(other);
    }
  }

  /** The failure of a record that is wrong, and why. */
  public MicaException damaged(String name, String why) {
    return damaged(file(name), why);
  }

  /** The constant of that name; if there is none, the error says that a newer Mica may know it. */
  public static <E extends Enum<E>> E constant(Class<E> type, JsonNode json) {
    String word = json.asString();
    return Stream.of(type.getEnumConstants())
        .filter(constant -> constant.name().equals(word))
        .findFirst()
        .orElseThrow(() ->
            new IllegalArgumentException(
                "this Mica does not know the "
                    + type.getSimpleName().toLowerCase(Locale.ROOT)
                    + " '"
                    + word
                    + "'"));
  }

  /** Writes a record in place of the one of that name, if any. */
  public void put(String name, ObjectNode value) {
    try {
      if (lasting) {
        home.makeDirectory(directory);
        store(home, file(name), value);
      } else {
        home.makeUnflushed(directory);
        home.writeWhole(file(name), bytes(value));
      }
    } catch (IOException broken) {
      throw MicaException.failed("write the record", file(name), Why.of(broken)).because(broken);
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
      throw MicaException.failed("remove the record", file(name), Why.of(broken)).because(broken);
    }
  }

  /** Whether a record could have that name. */
  static boolean isName(String name) {
    return NAME.matcher(name).matches();
  }

  private Path file(String name) {
    if (!isName(name)) {
      throw MicaException.usage("name a record", name, "it is no name");
    }
    return directory.resolve(name + SUFFIX);
  }

  static void store(Home home, Path file, ObjectNode value) throws IOException {
    home.write(file, bytes(value));
  }

  private static byte[] bytes(ObjectNode value) {
    return value.toPrettyString().getBytes(StateDir.UTF_8);
  }

  static Optional<ObjectNode> load(Path file) {
    try {
      requireFile(file);
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
      throw MicaException.failed("read the record", file, Why.of(broken)).because(broken);
    }
  }

  /** Opens nothing that could block, lead elsewhere, or fill the memory. */
  private static void requireFile(Path file) throws IOException {
    BasicFileAttributes is =
        Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
    if (!is.isRegularFile()) {
      throw damaged(file, "it is no regular file");
    }
    if (is.size() > LARGEST) {
      throw damaged(file, "it has " + is.size() + " bytes, more than any record");
    }
  }

  private static MicaException damaged(Path file, String why) {
    return MicaException.failed("read the record", file, "it is damaged: " + why)
        .hint("put it back from a backup, or move it away to go on without it");
  }
}
