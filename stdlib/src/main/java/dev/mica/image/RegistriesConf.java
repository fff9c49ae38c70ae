package dev.mica.image;

import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.dataformat.toml.TomlMapper;

/**
 * The settings of containers-registries.conf(5), version 2: which registries are mirrored, blocked
 * or insecure, and where names without a host are looked for. If there are several files, later
 * ones override earlier ones, table by table. Aliases of short names are ignored.
 */
final class RegistriesConf {
  private static final Path SYSTEM = Path.of("/etc/containers");
  private static final String FILE = "registries.conf";
  private static final String DROP_INS = "registries.conf.d";

  private final Map<String, Table> tables = new TreeMap<>();
  private List<String> searched = List.of();

  private RegistriesConf() {}

  /** A mirror, or the mirrored registry itself. */
  private record Location(String location, boolean insecure, String use) {
    boolean isFor(Reference reference) {
      return switch (use) {
        case "digest-only" -> reference.digest().isPresent();
        case "tag-only" -> reference.digest().isEmpty();
        default -> true;
      };
    }
  }

  private record Table(String prefix, Location registry, boolean blocked, List<Location> mirrors) {}

  /**
   * The settings for an {@code environment}: only the file that {@code CONTAINERS_REGISTRIES_CONF}
   * names; if that is not set, the user's file or, without one, the system's, and then the drop-ins
   * of both.
   */
  static RegistriesConf of(Map<String, String> environment) {
    RegistriesConf conf = new RegistriesConf();
    files(environment).forEach(conf::read);
    return conf;
  }

  private static List<Path> files(Map<String, String> environment) {
    String named = environment.get("CONTAINERS_REGISTRIES_CONF");
    if (named != null) {
      return List.of(Path.of(named));
    }
    Optional<Path> own = ofUser(environment);
    List<Path> files = new ArrayList<>();
    own.map(folder -> folder.resolve(FILE))
        .filter(Files::exists)
        .or(() -> Optional.of(SYSTEM.resolve(FILE)).filter(Files::exists))
        .ifPresent(files::add);
    files.addAll(dropIns(SYSTEM.resolve(DROP_INS)));
    own.ifPresent(folder -> files.addAll(dropIns(folder.resolve(DROP_INS))));
    return files;
  }

  private static Optional<Path> ofUser(Map<String, String> environment) {
    String home = environment.getOrDefault("HOME", "");
    return home.isEmpty() ? Optional.empty() : Optional.of(Path.of(home, ".config", "containers"));
  }

  private static List<Path> dropIns(Path folder) {
    try (Stream<Path> files = Files.list(folder)) {
      return files.filter(file -> file.toString().endsWith(".conf")).sorted().toList();
    } catch (NoSuchFileException | NotDirectoryException none) {
      return List.of();
    } catch (IOException broken) {
      throw MicaException.failed("list", folder, Why.of(broken)).because(broken);
    }
  }

  private void read(Path file) {
    try {
      JsonNode toml = new TomlMapper().readTree(Files.readAllBytes(file));
      if (toml.has("registries")) {
        throw bad(file, "it is of version 1: its [registries.…] tables are not read any more");
      }
      JsonNode search = toml.path("unqualified-search-registries");
      if (!search.isMissingNode()) {
        searched = search.valueStream().map(host -> text(file, host)).toList();
      }
      toml.path("registry").forEach(table -> put(file, table));
    } catch (JacksonException wrong) {
      throw bad(file, wrong.getOriginalMessage()).because(wrong);
    } catch (IOException broken) {
      throw MicaException.failed("read", file, Why.of(broken)).because(broken);
    }
  }

  private void put(Path file, JsonNode table) {
    Optional<String> prefix = text(file, table, "prefix");
    Optional<String> location = text(file, table, "location");
    String both =
        prefix
            .or(() -> location)
            .orElseThrow(() -> bad(file, "a [[registry]] has neither a prefix nor a location"));
    if (location.isEmpty() && !both.startsWith("*.")) {
      throw bad(file, "the [[registry]] of " + both + " has no location");
    }
    boolean byDigest = flag(file, table, "mirror-by-digest-only");
    List<Location> mirrors = new ArrayList<>();
    for (JsonNode mirror : table.path("mirror")) {
      mirrors.add(
          new Location(
              text(file, mirror, "location")
                  .orElseThrow(() -> bad(file, "a mirror of " + both + " has no location")),
              flag(file, mirror, "insecure"),
              byDigest ? "digest-only" : text(file, mirror, "pull-from-mirror").orElse("all")));
    }
    Location registry = new Location(location.orElse(""), flag(file, table, "insecure"), "all");
    tables.put(both, new Table(both, registry, flag(file, table, "blocked"), mirrors));
  }

  private static Optional<String> text(Path file, JsonNode table, String name) {
    JsonNode value = table.path(name);
    return value.isMissingNode() ? Optional.empty() : Optional.of(text(file, value));
  }

  /** A location may end in a slash, which means nothing. */
  private static String text(Path file, JsonNode value) {
    if (!value.isString()) {
      throw bad(file, value + " stands where a text is expected");
    }
    return value.asString().replaceFirst("/+$", "");
  }

  private static boolean flag(Path file, JsonNode table, String name) {
    JsonNode value = table.path(name);
    if (!value.isMissingNode() && !value.isBoolean()) {
      throw bad(file, name + " is neither true nor false");
    }
    return value.asBoolean(false);
  }

  private static MicaException bad(Path file, String why) {
    return MicaException.failed("use the configuration", file, why)
        .hint("see containers-registries.conf(5)");
  }

  /**
   * The references that a text can mean, which need not contain a host: one for each registry of
   * the search list, in its order; Docker's registry if the list is empty.
   */
  List<Reference> meanings(String text) {
    Reference plain = Reference.parse(text);
    if (searched.isEmpty() || !Reference.isShort(text)) {
      return List.of(plain);
    }
    return searched.stream().map(host -> Reference.on(host, text)).toList();
  }

  /** The endpoints for reading: the mirrors in their order, then the registry itself. */
  List<Endpoint> readers(Reference reference) {
    Optional<Table> table = table(reference);
    List<Endpoint> all = new ArrayList<>();
    table.ifPresent(one ->
        one.mirrors().stream()
            .filter(mirror -> mirror.isFor(reference))
            .forEach(mirror -> all.add(at(reference, one.prefix(), mirror))));
    all.add(writer(reference));
    return all;
  }

  /** The endpoint for writing: the registry itself. Fails if that is blocked. */
  Endpoint writer(Reference reference) {
    Optional<Table> table = table(reference);
    if (table.isPresent() && table.get().blocked()) {
      throw MicaException.denied(
          "use the registry of", reference, "it is blocked by registries.conf");
    }
    return table
        .map(one -> at(reference, one.prefix(), one.registry()))
        .orElseGet(() -> new Endpoint(reference.host(), reference.repository(), false));
  }

  private static Endpoint at(Reference reference, String prefix, Location location) {
    if (location.location().isEmpty()) {
      return new Endpoint(reference.host(), reference.repository(), location.insecure());
    }
    String name = reference.name();
    String rest = prefix.startsWith("*.") ? name.substring(name.indexOf('/')) : after(name, prefix);
    String place = location.location() + rest;
    int slash = place.indexOf('/');
    Reference there =
        Reference.on(place.substring(0, Math.max(slash, 0)), place.substring(slash + 1));
    return new Endpoint(there.host(), there.repository(), location.insecure());
  }

  /** The prefix may contain a tag or digest: then nothing is left. */
  private static String after(String name, String prefix) {
    return name.length() <= prefix.length() ? "" : name.substring(prefix.length());
  }

  /** The table with the longest prefix. */
  private Optional<Table> table(Reference reference) {
    return tables.values().stream()
        .filter(table -> matches(reference, table.prefix()))
        .max((a, b) -> Integer.compare(a.prefix().length(), b.prefix().length()));
  }

  private static boolean matches(Reference reference, String prefix) {
    if (prefix.startsWith("*.")) {
      return reference.host().replaceFirst(":[0-9]+$", "").endsWith(prefix.substring(1));
    }
    String whole = reference.toString();
    if (!whole.startsWith(prefix)) {
      return false;
    }
    String rest = whole.substring(prefix.length());
    // A colon directly after the host begins a port, which makes it another registry.
    return rest.isEmpty()
        || rest.startsWith("/")
        || (prefix.indexOf('/') >= 0 && (rest.startsWith(":") || rest.startsWith("@")));
  }
}
