package dev.mica.scripting.help;

import dev.mica.schema.Descriptor;
import dev.mica.schema.Schema;
import dev.mica.scripting.words.MicaExtensions;
import dev.mica.scripting.words.Words;
import dev.mica.scripting.words.WordsSchema;
import java.lang.reflect.Method;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/** The help of the language: the members of all types that a schema describes. */
public final class Help {
  /** Made when first asked for. */
  private static final class Loaded {
    static final Help MICA = new Help(WordsSchema.LANGUAGE);
  }

  private final Schema schema;
  private final Map<Class<?>, List<HelpEntry>> read = new ConcurrentHashMap<>();

  /** Of what {@code schema} describes; what is said of a type is read when first asked for. */
  public Help(Schema schema) {
    this.schema = schema;
  }

  /** Of the language and Mica's objects. */
  public static Help get() {
    return Loaded.MICA;
  }

  /** Everything there is help for, in the order to show it. */
  public List<HelpEntry> all() {
    return schema.descriptors().stream().flatMap(type -> of(type).stream()).toList();
  }

  /** The words a script begins with. */
  public List<HelpEntry> words() {
    return of(Words.class);
  }

  /** What is called {@code name}: a word, {@code Union.diff}, or a member of any type. */
  public List<HelpEntry> lookUp(String name) {
    String bare = name.replaceAll("\\(.*|\\{.*", "").strip();
    int dot = bare.lastIndexOf('.');
    String member = bare.substring(dot + 1);
    List<HelpEntry> found =
        all().stream()
            .filter(entry -> entry.name().equals(member))
            .filter(entry -> dot < 0 || isOfType(entry, bare.substring(0, dot)))
            .toList();
    return found.isEmpty() ? all().stream().filter(entry -> isOfType(entry, bare)).toList() : found;
  }

  /** All that {@link #lookUp} finds. */
  public List<String> names() {
    return all().stream()
        .flatMap(entry -> Stream.of(entry.name(), entry.type().name()))
        .distinct()
        .toList();
  }

  /** What is said of the member {@code name} of exactly that face. */
  public Optional<HelpEntry> find(Class<?> owner, String name) {
    return of(owner).stream().filter(entry -> entry.name().equals(name)).findFirst();
  }

  /** The names of the members of exactly that face; none where nothing is said of them. */
  public List<String> membersOf(Class<?> owner) {
    return of(owner).stream().map(HelpEntry::name).toList();
  }

  /** Whether the face has a property of that name. */
  public boolean isProperty(Class<?> owner, String name) {
    return find(owner, name).map(HelpEntry::property).orElse(false);
  }

  /** Whether it is, or implements, a type of Mica's. */
  public boolean isOurs(Class<?> type) {
    return schema.find(type) != null;
  }

  /** The public face of {@code type}: the type of ours that it is or implements, or itself. */
  public Class<?> face(Class<?> type) {
    Descriptor<?> ours = schema.find(type);
    return ours == null ? type : ours.face();
  }

  /** How people call a type. */
  public String typeName(Class<?> type) {
    Descriptor<?> ours = schema.find(type);
    if (ours != null) {
      return ours.name();
    }
    return groovy.lang.Closure.class.isAssignableFrom(type) ? "a block" : type.getSimpleName();
  }

  /** What the value of a member is in JSON. */
  public String json(HelpEntry entry) {
    return HelpShapes.of(entry, schema);
  }

  /** The methods behind a member: those of its type, and those that Groovy gets from us. */
  public static Stream<Method> methods(HelpEntry entry) {
    return HelpShapes.methods(entry);
  }

  /** Whether {@code entry} describes what the class called so has, or adds. */
  public boolean isOf(HelpEntry entry, String className) {
    try {
      Class<?> type = Class.forName(className, false, Help.class.getClassLoader());
      boolean added =
          type == MicaExtensions.class
              && methods(entry).anyMatch(method -> method.getDeclaringClass() == type);
      return added || face(type) == entry.owner();
    } catch (ClassNotFoundException absent) {
      return false;
    }
  }

  private List<HelpEntry> of(Class<?> owner) {
    return schema.descriptors().stream()
        .filter(type -> type.face() == owner)
        .findFirst()
        .map(this::of)
        .orElse(List.of());
  }

  private List<HelpEntry> of(Descriptor<?> type) {
    return read.computeIfAbsent(
        type.face(),
        face -> type.members().stream().map(member -> new HelpEntry(type, member)).toList());
  }

  private static boolean isOfType(HelpEntry entry, String name) {
    return entry.type().name().equalsIgnoreCase(name);
  }
}
