package dev.mica.scripting;

import static java.util.stream.Collectors.counting;
import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mica.Schemas;
import dev.mica.schema.Descriptor;
import dev.mica.scripting.run.ScriptException;
import java.lang.reflect.Member;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What Mica's own packages need of each other is no method of anything that a script is given. What
 * Groovy sees of the rest is in {@code PublicMetaClassTest}.
 */
@SuppressWarnings("NullAway.Init") // JUnit sets the fields
final class InternalsTest {
  @TempDir Path temp;
  private Sessions test;

  @BeforeEach
  void open() {
    test = new Sessions(temp.resolve("home"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "unions.rotate('u', null)",
        "unions.recoverRotation('u', null)",
        "unions.discardRotation('u', null)",
        "unions.capture('u', null, null)",
        "unions.release('u')",
        "unions.unrotate('u', null)",
        "unions.tree('u')",
        "unions.layers",
        "unions.object('u')",
        "commits.publish('u')",
        "vms.parts()",
        "vms.parts",
        "vms.runner(null)",
        "host.state()"
      })
  void groovyFindsNone(String source) {
    assertThatThrownBy(() -> test.eval(source))
        .isInstanceOf(ScriptException.class)
        .hasMessageMatching("(?s).*(has no property|has no method|is no|no property).*");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "mica.state()",
        "mica.state",
        "mica.unions().rotate(\"u\", null)",
        "mica.unions().recoverRotation(\"u\", null)",
        "mica.unions().discardRotation(\"u\", null)",
        "mica.unions().capture(\"u\", null, null)",
        "mica.unions().requireRecord(\"u\")",
        "mica.unions().mounterOf(null)",
        "mica.unions().store",
        "mica.commits().unions()",
        "mica.commits().committer",
        "mica.vms().parts()",
        "mica.vms().runner(null)",
        "mica.host().state"
      })
  void javaFindsNone(String source) {
    assertThatThrownBy(() -> test.session.java().evaluate(source))
        .isInstanceOf(ScriptException.class)
        .hasMessageMatching("(?s).*(cannot find symbol|not public|has private access).*");
  }

  static Stream<Class<?>> faces() {
    return Schemas.OBJECTS.descriptors().stream().<Class<?>>map(Descriptor::face);
  }

  /** Java does as its compiler does: to be seen here for each member that is not public. */
  @ParameterizedTest
  @MethodSource("faces")
  void javaFindsNoneOf(Class<?> face) {
    for (Member member : hidden(face)) {
      String source = use(face, member);
      assertThatThrownBy(() -> test.session.java().evaluate(source))
          .as(source)
          .isInstanceOf(ScriptException.class)
          .hasMessageMatching("(?s).*(cannot find symbol|not public|has private access).*");
    }
  }

  /** Of several methods of a name javac may blame the arguments: one is enough. */
  private static List<Member> hidden(Class<?> face) {
    Map<String, Long> named =
        Arrays.stream(face.getDeclaredMethods()).collect(groupingBy(Method::getName, counting()));
    return Stream.<Member>concat(
            Arrays.stream(face.getDeclaredFields()),
            Arrays.stream(face.getDeclaredMethods())
                .filter(each -> Objects.equals(named.get(each.getName()), 1L)))
        .filter(member -> !Modifier.isPublic(member.getModifiers()) && !member.isSynthetic())
        .toList();
  }

  private static String use(Class<?> face, Member member) {
    String owner =
        Modifier.isStatic(member.getModifiers())
            ? face.getCanonicalName()
            : "((" + face.getCanonicalName() + ") null)";
    String values =
        member instanceof Method method
            ? Arrays.stream(method.getParameterTypes())
                .map(type -> value(type))
                .collect(joining(", ", "(", ")"))
            : "";
    return owner + "." + member.getName() + values;
  }

  private static String value(Class<?> type) {
    return type == boolean.class
        ? "false"
        : type.isPrimitive() ? "(" + type.getName() + ") 0" : "null";
  }

  /** That the same way of asking finds what is there. */
  @Test
  void bothFindWhatIsThere() {
    assertThat(test.eval("unions.list().size()")).isEqualTo(0);
    assertThat(test.session.java().evaluate("mica.unions().list().size()")).hasToString("0");
  }
}
