package dev.mica.scripting;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

@SuppressWarnings("NullAway.Init") // JUnit sets the fields
final class LanguageTest {
  @TempDir Path temp;
  private Sessions test;

  @BeforeEach
  void open() {
    test = new Sessions(temp.resolve("home"));
  }

  static Stream<Arguments> values() {
    return Stream.of(
        arguments("1 + 1", 2),
        arguments("def x = 5", 5),
        arguments("int x = '7' as int", 7),
        arguments("String s", null),
        arguments("512.MB", 512L << 20),
        arguments("10.seconds.toString()", "PT10S"),
        arguments("folder('/etc').name", "etc"),
        arguments("(folder('/etc') / 'apt').location", "/etc/apt"),
        arguments("folder('/').list().any { it.path.toString() == 'etc' }", true),
        arguments("folder('/no/such').exists()", false),
        arguments("unions.list()", List.of()),
        arguments("unions.collect { it.name }", List.of()),
        arguments("commits.list().size()", 0),
        arguments("host.cpus > 0", true),
        arguments("host.helper.state.name()", "NONE"),
        arguments("host.helper.memory", 0L),
        arguments("host.helper.unions + host.helper.shares", List.of()),
        arguments("host.helper.started", null),
        arguments("class A { int v = 3 }; new A().v", 3));
  }

  @ParameterizedTest
  @MethodSource("values")
  void valuesAreWhatTheyLookLike(String source, @Nullable Object expected) {
    assertThat(test.eval(source)).isEqualTo(expected);
  }

  static Stream<Arguments> failures() {
    return Stream.of(
        arguments("foo", "there is no variable or word 'foo'"),
        arguments("foldre('/x')", "there is no word 'foldre'; did you mean 'folder'?"),
        arguments("folder('/x').nmae", "Folder has no property 'nmae'; did you mean 'name'?"),
        arguments("folder('/x').lsit()", "Folder has no method 'lsit'; did you mean 'list'?"),
        arguments("unoins", "there is no variable or word 'unoins'; did you mean 'unions'?"),
        arguments(
            "folder(3)", "'folder' does not take (Integer); for example folder('/srv/debian')"),
        arguments(
            "union { lower '/a'; uper '/b' }",
            "a union block has no method 'uper'; did you mean 'upper'?"),
        arguments(
            "union { via kernal }",
            "a union block has no property 'kernal'; did you mean 'kernel'?"),
        arguments(
            "union { at '/b' }",
            "cannot make the union: it has no lower; say what lies below: lower '/srv/debian'"),
        arguments(
            "union { lower '/a'; at '/b' }",
            "cannot make the union: it has no upper; say where changes land: upper '/srv/work', or"
                + " say readOnly"),
        arguments("x = 1\n1 / 0", "line 2: ArithmeticException: Division by zero"),
        arguments("null.foo", "Cannot get property 'foo' on null object"),
        arguments("throw new IOException('a\\nb')", "IOException: a"),
        arguments("def f(n) { f(n + 1) }; f(1)", "the script calls itself too deep"));
  }

  @ParameterizedTest
  @MethodSource("failures")
  void failuresAreOneLine(String source, String expected) {
    assertThatThrownBy(() -> test.eval(source))
        .isInstanceOf(ScriptException.class)
        .hasMessage(expected);
  }

  @Test
  void aSyntaxErrorHasACaret() {
    assertThatThrownBy(() -> test.eval("x = 1\ny = 'abc"))
        .isInstanceOfSatisfying(
            ScriptException.class,
            wrong -> {
              assertThat(wrong.getMessage()).startsWith("line 2: ");
              assertThat(wrong.excerpt()).containsExactly("  y = 'abc", "      ^");
            });
  }

  @Test
  void linesShareVariablesImportsMethodsAndClasses() {
    test.eval("def x = 2");
    test.eval("import java.util.concurrent.TimeUnit");
    test.eval("def twice(n) { n * x }");
    test.eval("class Pair { int a, b }");
    assertThat(test.eval("twice(new Pair(a: 21).a) + TimeUnit.DAYS.toHours(1)")).isEqualTo(66L);
  }

  @Test
  void aBlockSeesVariablesAndNotOurFields() {
    test.eval("work = folder('/w'); name = 'n'; sources = 's'");
    assertThatThrownBy(() -> test.eval("union { lower '/a'; upper work / 'up'; name name }"))
        .hasMessageStartingWith("cannot make the union n: it does not say where");
    assertThatThrownBy(() -> test.eval("union { lower mica }"))
        .hasMessageStartingWith("a union block has no property 'mica'");
  }

  @Test
  void showAndPrintGoToTheSession() {
    test.eval("show 42; println 'hi'");
    assertThat(test.shown).containsExactly(42);
    assertThat(test.printed).hasToString("hi\n");
  }

  @Test
  void aFileGetsItsArgumentsAndNamesItsLines() throws Exception {
    Path script = Files.writeString(temp.resolve("a.groovy"), "println args.join('-')\nfoo()\n");
    assertThatThrownBy(() -> test.session.groovy().run(script, List.of("a", "b")))
        .hasMessage("a.groovy:2: there is no word 'foo'");
    assertThat(test.printed).hasToString("a-b\n");
  }

  @Test
  void aMissingFileIsAWrongCommandLine() {
    assertThatThrownBy(() -> test.session.groovy().run(Path.of("/no.groovy"), List.of()))
        .hasMessage("cannot run /no.groovy: there is no such file")
        .extracting(failure -> ((ScriptException) failure).exitStatus())
        .isEqualTo(2);
  }

  @Test
  void aFileThatAScriptMissesIsItsFailure() throws Exception {
    Path script = temp.resolve("a.groovy");
    Files.writeString(script, "java.nio.file.Files.readString(java.nio.file.Path.of(args[0]))");
    assertThatThrownBy(() -> test.session.groovy().run(script, List.of("/no/such")))
        .hasMessage("a.groovy:1: /no/such: there is no such file")
        .extracting(failure -> ((ScriptException) failure).exitStatus())
        .isEqualTo(1);
  }

  @Test
  void javaSeesTheSameObjects() {
    test.session.variables().put("n", 20);
    Engine java = test.session.java();
    assertThat(java.evaluate("int twice(int n) { return 2 * n; }")).isNull();
    assertThat(java.evaluate("twice((Integer) vars.get(\"n\")) + mica.unions().list().size()"))
        .hasToString("40");
    assertThat(java.isIncomplete("int f() {")).isTrue();
    assertThatThrownBy(() -> java.evaluate("mica.nothing()")).isInstanceOf(ScriptException.class);
    assertThatThrownBy(() -> java.evaluate("mica.unions().get(\"x\")"))
        .hasMessage("cannot find the union x: there is none of that name");
  }
}
