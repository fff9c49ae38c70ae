package dev.mica.scripting;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.mica.scripting.run.ScriptEngine;
import dev.mica.scripting.run.ScriptException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

@SuppressWarnings("NullAway.Init") // JUnit sets the fields
final class LanguageTest {
  private static final String NULL = " got null where it needs a value; for example ";
  private static final String NONE = ", and there is no commit of that name";
  private static final String PROPERTY = "'%1$s' of %2$s is a property; write %1$s";

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
        arguments("union { readOnly() }", PROPERTY.formatted("readOnly", "a union block")),
        arguments("union { readOnly true }", PROPERTY.formatted("readOnly", "a union block")),
        arguments("union { via kernel() }", PROPERTY.formatted("kernel", "a union block")),
        arguments("5.KB()", PROPERTY.formatted("KB", "Integer")),
        arguments("unions()", "'unions' takes nothing; write unions"),
        arguments("commits('web:v1')", "'commits' takes nothing; write commits"),
        arguments("vms()", "'vms' takes nothing; write vms"),
        arguments("host()", "'host' takes nothing; write host"),
        arguments("commits['call']", "cannot find the commit call: there is none of that name"),
        arguments("union { upper = '/a' }", "'upper' of a union block is a method; write upper(…)"),
        arguments(
            "union { lowers = [] }",
            "a union block has no property 'lowers'; did you mean 'lower'?"),
        arguments("union { kernel = 1 }", "'kernel' of a union block can only be read"),
        arguments(
            "union { lower '/a'; upper '/u'; at '/b'; readOnly = true }",
            "cannot make the union: it is readOnly and has the upper /u; leave out one of them"),
        arguments("host.helper.state = 1", "'state' of HelperVm can only be read"),
        arguments("x = 1\n1 / 0", "line 2: ArithmeticException: Division by zero"),
        arguments("null.foo", "Cannot get property 'foo' on null object"),
        arguments("throw new IOException('a\\nb')", "IOException: a"),
        arguments("class Own extends Error { }; throw new Own()", "Own"),
        arguments("def f(n) { f(n + 1) }; f(1)", "the script calls itself too deep"),
        arguments("def f(int n) { n }; f('x')", "'f' does not take (String); it takes (int)"),
        arguments(
            "class A { def m(int n) { n } }; new A().m('x', null)",
            "'m' does not take (String, null); it takes (int)"),
        arguments("c = 3; c(1)", "'c' is a variable, and no block or method that could be called"),
        arguments("commits.grpah()", "Commits has no method 'grpah'; did you mean 'graph'?"),
        arguments("commits.lgo('x')", "Commits has no method 'lgo'; did you mean 'log'?"),
        arguments("commits.grpah", "Commits has no property 'grpah'; did you mean 'graph'?" + NONE),
        arguments("commits.graph", "'graph' of Commits is a method; write graph()" + NONE),
        arguments(
            "commits.get('graph')", "cannot find the commit graph: there is none of that name"),
        arguments("vms.lsit()", "Vms has no method 'lsit'; did you mean 'list'?"),
        arguments(
            "vms.list", "'list' of Vms is a method; write list(), and there is no VM of that name"),
        arguments("unions.lsit()", "Unions has no method 'lsit'; did you mean 'list'?"),
        arguments("folder('/x').list", "'list' of Folder is a method; write list()"),
        arguments("folder('/x').copyTo", "'copyTo' of Folder is a method; write copyTo(…)"),
        arguments(
            "folder", "'folder' is a word that takes something; for example folder('/srv/debian')"),
        arguments("folder()", "folder()" + NULL + "folder('/srv/debian')"),
        arguments("folder(null)", "folder()" + NULL + "folder('/srv/debian')"),
        arguments(
            "union(null)",
            "union()" + NULL + "union { lower '/srv/debian'; upper '/srv/work'; at '/mnt/u' }"),
        arguments("union { lower null }", "union { lower }" + NULL + "lower '/srv/debian'"),
        arguments("union { at null }", "union { at }" + NULL + "at '/mnt/u'"),
        arguments("commit(null)", "commit()" + NULL + "commit('web:v2').tree"),
        arguments("diff(null, null)", "diff()" + NULL + "diff('/srv/a', '/srv/b')"),
        arguments(
            "folder('/x').resolve(null)",
            "Folder.resolve()" + NULL + "folder('/etc').resolve('hosts')"),
        arguments(
            "new File(null)",
            "'new' takes several types, and null may be any of them; say which: null as String"));
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

  /** What a line is for the lines behind it. */
  static Stream<Arguments> conversations() {
    return Stream.of(
        arguments(List.of("import java.util.concurrent.*", "TimeUnit.DAYS.toHours(1)"), 24L),
        arguments(
            List.of("import java.util.concurrent.*; 1", "import foo.Bar", "TimeUnit.DAYS.name()"),
            "DAYS"),
        arguments(List.of("import java.util.concurrent.TimeUnit as T", "T.DAYS.toHours(2)"), 48L),
        arguments(List.of("import static java.lang.Math.max", "max(1, 2)"), 2),
        arguments(List.of("import static java.lang.Math.max as most", "most(1, 2)"), 2),
        arguments(List.of("import static java.lang.Math.*", "abs(-1) + PI.intValue()"), 4),
        arguments(
            List.of("import static java.lang.Math.max", "def max(a, b) { 'own' }", "max(1, 2)"),
            "own"),
        arguments(
            List.of(
                "import java.util.concurrent.TimeUnit",
                "class B { TimeUnit u }",
                "new B(u: TimeUnit.DAYS).u.name()"),
            "DAYS"),
        arguments(
            List.of(
                "import java.util.concurrent.Phaser",
                "class Phaser { int v = 7 }",
                "new Phaser().v"),
            7),
        arguments(
            List.of("import java.util.Date", "import java.sql.Date", "Date.name"), "java.sql.Date"),
        arguments(List.of("import foo.Bar", "import foo.*", "1 + 1"), 2),
        arguments(List.of("def (a, b) = [1, 2]", "a + b"), 3),
        arguments(List.of("def (int a, String b) = ['1' as int, 2]", "b + a"), "21"),
        arguments(List.of("def (int a, String b) = [1, 2]"), List.of(1, "2")),
        arguments(List.of("def (a, b) = [1]", "b"), null),
        arguments(
            List.of("def f(int n) { n }", "try { f('x') } catch (GroovyRuntimeException e) { 3 }"),
            3),
        arguments(List.of("def f(int n) { n }", "def f(String s) { s }", "f('x')"), "x"),
        arguments(List.of("def f(n) { n * 2 }", "[1, 2].collect(f)"), List.of(2, 4)),
        arguments(List.of("def f(a, b = 2) { a + b }", "f(1) + f(1, 1)"), 5),
        arguments(List.of("def f(Object... all) { all.size() }", "f(1, 2, 3) + f()"), 3));
  }

  @ParameterizedTest
  @MethodSource("conversations")
  void whatALineDeclaresLasts(List<String> lines, @Nullable Object expected) {
    Object last = null;
    for (String line : lines) {
      last = null;
      try {
        last = test.eval(line);
      } catch (ScriptException unresolved) {
        assertThat(unresolved).hasMessage("unable to resolve class foo.Bar");
      }
    }
    assertThat(last).isEqualTo(expected);
  }

  @Test
  void aMethodOfAnEarlierLineSaysWhatItTakes() {
    test.eval("def f(int n, List l) { n }");
    assertThatThrownBy(() -> test.eval("f('x')"))
        .hasMessage("'f' does not take (String); it takes (int, List)");
    test.eval("def g(x) { x.f() }");
    assertThatThrownBy(() -> test.eval("g('x')")).hasMessage("String has no method 'f'");
  }

  @Test
  void aBlockSeesVariablesAndNotOurFields() {
    test.eval("work = folder('/w'); name = 'n'; coercions = 's'");
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
        .hasMessage("cannot run /no.groovy: it does not exist")
        .extracting(failure -> ((ScriptException) failure).exitStatus())
        .isEqualTo(2);
  }

  @Test
  void aFileThatAScriptMissesIsItsFailure() throws Exception {
    Path script = temp.resolve("a.groovy");
    Files.writeString(script, "java.nio.file.Files.readString(java.nio.file.Path.of(args[0]))");
    assertThatThrownBy(() -> test.session.groovy().run(script, List.of("/no/such")))
        .hasMessage("a.groovy:1: /no/such: it does not exist")
        .extracting(failure -> ((ScriptException) failure).exitStatus())
        .isEqualTo(1);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\uFEFFprintln 'ok'\n",
        "println 'ok'\r\n",
        "#!/usr/bin/env mica\r\nprintln 'ok'\r\n",
        "\uFEFF#!/usr/bin/env mica\nprintln 'ok'\n"
      })
  void textIsReadHoweverAnEditorHasSavedIt(String text) throws Exception {
    test.session.groovy().run(Files.writeString(temp.resolve("a.groovy"), text), List.of());
    assertThat(test.printed).hasToString("ok\n");
    Path java =
        Files.writeString(
            temp.resolve("a.jsh"), text.replaceFirst("println 'ok'", "vars.put(\"ok\", 1);"));
    test.session.java().run(java, List.of());
    assertThat(test.session.variables()).containsKey("ok");
  }

  @Test
  @Timeout(120)
  void halfOfJavaAsksForMoreAndIsRefused() {
    ScriptEngine java = test.session.java();
    for (String half :
        List.of(
            "if (true)", "for (;;)", "while (x)", "int f()", "class A", "x +", "if (x) 1; else")) {
      assertThat(java.isIncomplete(half)).as(half).isTrue();
      assertThatThrownBy(() -> java.evaluate(half)).isInstanceOf(ScriptException.class);
    }
    assertThat(java.evaluate("6 * 7 // all the same")).hasToString("42");
  }

  @Test
  void javaFailsInTheSameWords() {
    ScriptEngine java = test.session.java();
    assertThatThrownBy(() -> java.evaluate("mica.folder(null)"))
        .hasMessage("folder() got null where it needs a value");
    assertThatThrownBy(() -> java.evaluate("Files.readString(Path.of(\"/no/such\"))"))
        .hasMessage("/no/such: it does not exist");
    assertThatThrownBy(() -> java.evaluate("int f(int n) { return f(n + 1); } f(1)"))
        .hasMessage("the script calls itself too deep");
  }

  @Test
  void javaSeesTheSameObjects() {
    test.session.variables().put("n", 20);
    ScriptEngine java = test.session.java();
    assertThat(java.evaluate("int twice(int n) { return 2 * n; }")).isNull();
    assertThat(java.evaluate("twice((Integer) vars.get(\"n\")) + mica.unions().list().size()"))
        .hasToString("40");
    assertThat(java.isIncomplete("int f() {")).isTrue();
    assertThatThrownBy(() -> java.evaluate("mica.nothing()")).isInstanceOf(ScriptException.class);
    assertThatThrownBy(() -> java.evaluate("mica.unions().get(\"x\")"))
        .hasMessage("cannot find the union x: there is none of that name");
  }
}
