package dev.mica.scripting.help;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mica.scripting.complete.Input;
import dev.mica.scripting.words.MicaExtensions;
import dev.mica.union.Unions;
import groovy.lang.GroovyShell;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

final class HelpTest {
  private static final Set<String> OF_OBJECT = Set.of("equals", "hashCode", "toString");

  /** Of {@code Unions}, public for the package of commits only. */
  private static final Set<String> INTERNAL =
      Set.of("rotate", "recoverRotation", "discardRotation", "capture", "refusal");

  static List<Class<?>> faces() {
    return Members.FACES;
  }

  static List<HelpEntry> entries() {
    return Help.all();
  }

  @ParameterizedTest
  @MethodSource("faces")
  void everyWordPropertyAndMethodHasHelp(Class<?> face) {
    assertThat(Help.membersOf(face)).isNotEmpty();
    assertThat(publicMethods(face))
        .allSatisfy(method ->
            assertThat(Help.membersOf(face))
                .as("help.txt has an entry for %s.%s", face.getSimpleName(), method.getName())
                .anyMatch(name -> HelpShapes.isNamed(method, name)));
  }

  private static Stream<Method> publicMethods(Class<?> face) {
    return Stream.concat(
            Arrays.stream(face.getMethods())
                .filter(method -> !Modifier.isStatic(method.getModifiers()))
                .filter(method -> !method.isBridge() && method.getDeclaringClass() != Object.class)
                .filter(method -> method.getDeclaringClass() != Iterable.class),
            Arrays.stream(MicaExtensions.class.getMethods())
                .filter(method -> method.getParameterCount() > 0)
                .filter(method -> method.getParameterTypes()[0] == face)
                .filter(method -> !method.getName().equals("propertyMissing")))
        .filter(method -> !OF_OBJECT.contains(method.getName()))
        .filter(method -> face != Unions.class || !INTERNAL.contains(method.getName()));
  }

  @ParameterizedTest
  @MethodSource("entries")
  void everyEntryIsWhole(HelpEntry entry) {
    assertThat(entry.summary()).isNotBlank().doesNotEndWith(".");
    assertThat(entry.example()).isNotBlank();
    assertThat(HelpShapes.methods(entry)).as("what %s describes", entry).isNotEmpty();
    assertThat(entry.shape()).isNotBlank();
    assertThat(Input.of(entry.example()).isIncomplete()).isFalse();
    assertThat(new GroovyShell().parse(entry.example())).isNotNull();
  }

  @Test
  void namesAreFoundHoweverTheyAreWritten() {
    assertThat(Help.lookUp("Union.diff()"))
        .extracting(HelpEntry::title)
        .containsExactly("Union.diff()");
    assertThat(Help.lookUp("folder")).extracting(HelpEntry::title).contains("folder()");
    assertThat(Help.lookUp("commit")).hasSizeGreaterThan(1);
    assertThat(Help.lookUp("nothing")).isEmpty();
  }
}
