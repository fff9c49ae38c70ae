package dev.mica.scripting.help;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mica.Mica;
import dev.mica.access.Caller;
import dev.mica.access.Door;
import dev.mica.schema.Descriptor;
import dev.mica.schema.Schema;
import dev.mica.schema.Shape;
import dev.mica.scripting.complete.SourceText;
import dev.mica.scripting.words.MicaExtensions;
import dev.mica.scripting.words.Words;
import dev.mica.scripting.words.WordsSchema;
import dev.mica.union.Unions;
import groovy.lang.GroovyShell;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

final class HelpTest {
  private static final Schema LANGUAGE = WordsSchema.LANGUAGE;
  private static final Set<String> OF_OBJECT = Set.of("equals", "hashCode", "toString");

  /** Of {@code Unions}, public for the doctor only. */
  private static final String INTERNAL = "refusal";

  /** A type that nobody describes, and how a script would come by it. */
  interface Stray {
    String name();
  }

  interface Way {
    List<Optional<Stray>> strays();
  }

  static List<Descriptor<?>> descriptors() {
    return LANGUAGE.descriptors();
  }

  static List<HelpEntry> entries() {
    return Help.get().all();
  }

  /** Who asks, how they have come in, and what they see: no word leads to any of these. */
  private static final Set<Class<?>> NO_OBJECTS = Set.of(Mica.class, Caller.class, Door.class);

  @ParameterizedTest
  @ValueSource(classes = {Mica.class, Words.class})
  void whatAScriptCanReachIsDescribed(Class<?> root) {
    assertThat(Reach.from(root, NO_OBJECTS))
        .hasSizeGreaterThan(10)
        .allMatch(type -> NO_OBJECTS.contains(type) || isDescribed(type));
  }

  /** By a descriptor of its own, and not by that of a type above it. */
  private static boolean isDescribed(Class<?> type) {
    Descriptor<?> found = LANGUAGE.find(type);
    return found != null && found.face() == type && found.form() != null;
  }

  @Test
  void whatNobodyDescribesIsNoticed() {
    assertThat(Reach.from(Way.class, Set.of()))
        .containsExactly(Stray.class)
        .noneMatch(HelpTest::isDescribed);
  }

  @ParameterizedTest
  @MethodSource("descriptors")
  void everyWordPropertyAndMethodHasHelp(Descriptor<?> type) {
    List<String> names = Help.get().membersOf(type.face());
    assertThat(names).isNotEmpty().doesNotHaveDuplicates();
    assertThat(publicMethods(type))
        .allSatisfy(method ->
            assertThat(names)
                .as("help.txt has an entry for %s.%s", type.name(), method.getName())
                .anyMatch(name -> HelpShapes.isNamed(method, name)));
  }

  /** Its own where it is Mica's, and those that Groovy adds. */
  private static Stream<Method> publicMethods(Descriptor<?> type) {
    return Stream.concat(
            Arrays.stream(type.face().getMethods())
                .filter(method -> type.isOwn())
                .filter(method -> !Modifier.isStatic(method.getModifiers()))
                .filter(method -> !method.isBridge() && method.getDeclaringClass() != Object.class)
                .filter(method -> method.getDeclaringClass() != Iterable.class),
            Arrays.stream(MicaExtensions.class.getMethods())
                .filter(method -> method.getParameterCount() > 0)
                .filter(method -> method.getParameterTypes()[0] == type.face()))
        .filter(method -> !OF_OBJECT.contains(method.getName()))
        .filter(method -> type.face() != Unions.class || !method.getName().equals(INTERNAL));
  }

  @ParameterizedTest
  @MethodSource("descriptors")
  void everyFieldHasAJsonType(Descriptor<?> type) {
    if (type.form() instanceof Shape<?> shape) {
      assertThat(shape.plural()).isNotBlank();
      assertThat(shape.columns()).isNotEmpty();
      assertThat(shape.detailed().fields())
          .allSatisfy(field ->
              assertThat(field.type())
                  .as("the type of %s.%s", type.name(), field.key())
                  .matches("(string|number|boolean|time|any|\\[string\\])(\\|null)?"))
          .extracting("key")
          .doesNotHaveDuplicates();
    }
  }

  @ParameterizedTest
  @MethodSource("entries")
  void everyEntryIsWhole(HelpEntry entry) {
    assertThat(entry.role()).isNotNull();
    assertThat(entry.summary()).isNotBlank().doesNotEndWith(".");
    assertThat(entry.example()).isNotBlank();
    assertThat(Help.methods(entry)).as("what %s describes", entry).isNotEmpty();
    assertThat(Help.get().json(entry)).isNotBlank();
    assertThat(SourceText.of(entry.example()).isIncomplete()).isFalse();
    assertThat(new GroovyShell().parse(entry.example())).isNotNull();
  }

  @Test
  void namesAreFoundHoweverTheyAreWritten() {
    Help help = Help.get();
    assertThat(help.lookUp("Union.diff()"))
        .extracting(HelpEntry::title)
        .containsExactly("Union.diff()");
    assertThat(help.lookUp("folder")).extracting(HelpEntry::title).contains("folder()");
    assertThat(help.lookUp("commit")).hasSizeGreaterThan(1);
    assertThat(help.lookUp("nothing")).isEmpty();
  }
}
