package dev.mica.scripting.help;

import dev.mica.access.Role;
import dev.mica.folder.Diff;
import dev.mica.scripting.words.UnionBlock;
import dev.mica.scripting.words.UnionWords;
import dev.mica.scripting.words.Words;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/** The help of the language, read from one resource when first asked for. */
public final class Help {
  private static final class Loaded {
    static final List<HelpEntry> ENTRIES = load();
  }

  private Help() {}

  /** Everything there is help for, in the order to show it. */
  public static List<HelpEntry> all() {
    return Loaded.ENTRIES;
  }

  /** The words a script begins with. */
  public static List<HelpEntry> words() {
    return of(Words.class).toList();
  }

  /** What is called {@code name}: a word, {@code Union.diff}, or a member of any type. */
  public static List<HelpEntry> lookUp(String name) {
    String bare = name.replaceAll("\\(.*|\\{.*", "").strip();
    int dot = bare.lastIndexOf('.');
    String member = bare.substring(dot + 1);
    List<HelpEntry> found =
        all().stream()
            .filter(entry -> entry.name().equals(member))
            .filter(entry -> dot < 0 || isType(entry, bare.substring(0, dot)))
            .toList();
    return found.isEmpty() ? all().stream().filter(entry -> isType(entry, bare)).toList() : found;
  }

  /** All that {@link #lookUp} finds. */
  public static List<String> names() {
    return all().stream()
        .flatMap(entry -> Stream.of(entry.name(), typeName(entry.owner())))
        .distinct()
        .toList();
  }

  public static Optional<HelpEntry> find(Class<?> owner, String name) {
    return of(owner).filter(entry -> entry.name().equals(name)).findFirst();
  }

  public static List<String> membersOf(Class<?> owner) {
    return of(owner).map(HelpEntry::name).toList();
  }

  public static boolean isProperty(Class<?> owner, String name) {
    return find(owner, name).map(HelpEntry::property).orElse(false);
  }

  /** Under which interface the help for {@code type} stands. */
  public static Class<?> owner(Class<?> type) {
    return type == UnionBlock.class ? UnionWords.class : Members.face(type);
  }

  /** How people call a type. */
  public static String typeName(Class<?> type) {
    Class<?> face = owner(type);
    if (face == UnionWords.class) {
      return "a union block";
    }
    return groovy.lang.Closure.class.isAssignableFrom(face) ? "a block" : face.getSimpleName();
  }

  private static Stream<HelpEntry> of(Class<?> owner) {
    return all().stream().filter(entry -> entry.owner() == owner);
  }

  private static boolean isType(HelpEntry entry, String name) {
    return typeName(entry.owner()).equalsIgnoreCase(name);
  }

  private static List<HelpEntry> load() {
    try (InputStream in = Help.class.getResourceAsStream("help.txt")) {
      if (in == null) {
        throw new IllegalStateException("help.txt is missing from the jar");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8)
          .lines()
          .filter(line -> !line.isBlank() && !line.startsWith("#"))
          .map(Help::parse)
          .toList();
    } catch (IOException unreadable) {
      throw new UncheckedIOException(unreadable);
    }
  }

  private static HelpEntry parse(String line) {
    String[] parts = line.split(" *\\| *", 4);
    if (parts.length != 4) {
      throw new IllegalStateException("help.txt: not NAME | ROLE | SUMMARY | EXAMPLE: " + line);
    }
    int dot = parts[0].lastIndexOf('.');
    String name = parts[0].substring(dot + 1);
    boolean call = name.endsWith("()");
    return new HelpEntry(
        ownerNamed(dot < 0 ? "Words" : parts[0].substring(0, dot)),
        call ? name.substring(0, name.length() - 2) : name,
        !call,
        Role.valueOf(parts[1].toUpperCase(Locale.ROOT)),
        parts[2],
        parts[3].strip());
  }

  private static Class<?> ownerNamed(String name) {
    return Stream.concat(Members.FACES.stream(), Stream.of(Number.class, Diff.Summary.class))
        .filter(face -> face.getSimpleName().equals(name))
        .findFirst()
        .orElseThrow(() ->
            new IllegalStateException(
                "help.txt: no type " + name + " in " + Arrays.toString(Members.FACES.toArray())));
  }
}
