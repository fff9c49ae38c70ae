package dev.mica.scripting;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mica.Mica;
import dev.mica.scripting.run.Evaluation;
import dev.mica.scripting.run.ScriptEngine;
import dev.mica.scripting.run.ScriptException;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Lines that nothing can stop, and the session that goes on without them. */
@SuppressWarnings("NullAway.Init") // JUnit sets the fields
@Timeout(120)
final class AbandonTest {
  private static final String JAVA_HOLDS = "((Runnable) vars.get(\"stubborn\")).run();";

  /** Blocks whoever runs it, and hears no interruption. */
  private static final class Stubborn implements Runnable {
    final CountDownLatch held = new CountDownLatch(1);
    final CompletableFuture<Boolean> released = new CompletableFuture<>();

    @Override
    public void run() {
      held.countDown();
      released.join();
    }
  }

  @TempDir Path temp;
  private final ByteArrayOutputStream printed = new ByteArrayOutputStream();
  private final Stubborn stubborn = new Stubborn();
  private final CountDownLatch ended = new CountDownLatch(1);
  private Session session;

  @BeforeEach
  void open() {
    PrintStream out = new PrintStream(Evaluation.guard(printed), true, StandardCharsets.UTF_8);
    session = new Session(Mica.open(temp), out, value -> {}, line -> {});
    session.variables().put("stubborn", stubborn);
  }

  @AfterEach
  void release() {
    stubborn.released.complete(true);
  }

  /** Begins {@code source}, which comes to {@link Stubborn}, and leaves it there. */
  private void abandon(ScriptEngine engine, String source) throws InterruptedException {
    Evaluation<?> evaluation = Evaluation.start(() -> engine.evaluate(source));
    stubborn.held.await();
    evaluation.cancel();
    assertThat(evaluation.await(1)).isFalse();
    evaluation.abandon(ended::countDown);
  }

  private static @Nullable Object next(ScriptEngine engine, String source)
      throws InterruptedException {
    Evaluation<@Nullable Object> evaluation = Evaluation.start(() -> engine.evaluate(source));
    assertThat(evaluation.await(60_000)).as("%s ends", source).isTrue();
    return evaluation.get();
  }

  @Test
  void groovyGoesOnWithAllThatWasDeclared() throws Exception {
    ScriptEngine groovy = session.groovy();
    next(groovy, "import java.util.concurrent.TimeUnit");
    next(groovy, "x = 20; def twice(n) { 2 * n }");
    next(groovy, "class Pair { int a }");
    int threads = Thread.activeCount();
    abandon(groovy, "stubborn.run(); x = 0; println 'late'");
    assertThat(next(groovy, "twice(new Pair(a: x).a) + TimeUnit.DAYS.toHours(1)")).isEqualTo(64L);
    assertThat(Thread.activeCount() - threads).as("threads that are left").isLessThanOrEqualTo(2);
    assertThat(groovy.isIncomplete("f {")).isTrue();
    stubborn.released.complete(true);
    ended.await();
    assertThat(next(groovy, "x")).isEqualTo(20);
    assertThat(printed.toString(StandardCharsets.UTF_8)).isEmpty();
  }

  @Test
  void javaGoesOnWithAllThatWasDeclared() throws Exception {
    ScriptEngine java = session.java();
    next(java, "import java.util.concurrent.TimeUnit;");
    next(java, "int x = 20; String none = null; int twice(int n) { return 2 * n; }");
    next(java, "record Pair(int a) {}");
    next(java, "Pair lost = new Pair(1);");
    abandon(java, JAVA_HOLDS + " vars.put(\"x\", 1); x = 0;");
    assertThat(next(java, "twice(new Pair(x).a()) + TimeUnit.DAYS.toHours(1) + \"\" + none"))
        .hasToString("\"64null\"");
    assertThat(java.isIncomplete("int f() {")).isTrue();
    assertThatThrownBy(() -> next(java, "lost.a()")).isInstanceOf(ScriptException.class);
    stubborn.released.complete(true);
    ended.await();
    assertThat(next(java, "x")).hasToString("20");
    assertThat(session.variables()).doesNotContainKey("x");
  }

  /** Whatever is held: nobody else needs it. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "synchronized (binding.variables) { stubborn.run() }",
        "binding.variables.computeIfAbsent('y') { stubborn.run() }",
        "binding.variables.each { stubborn.run() }",
        "def f() { stubborn.run() }; f()",
        "class Held { static { } ; def go(s) { s.run() } }; new Held().go(stubborn)",
        "synchronized (System.out) { stubborn.run() }"
      })
  void nothingIsLocked(String source) throws Exception {
    abandon(session.groovy(), source);
    assertThat(next(session.groovy(), "z = 6 * 7; [z, z].parallelStream().map { it }.toList()"))
        .hasToString("[42, 42]");
    assertThat(session.variableNames()).contains("z");
    assertThat(session.groovy().complete("stub", 4)).isNotEmpty();
  }

  @Test
  void resetKeepsWhatNeedsNoClassOfTheSession() throws Exception {
    ScriptEngine groovy = session.groovy();
    next(groovy, "import java.util.concurrent.TimeUnit");
    next(groovy, "class Own { }");
    next(groovy, "a = 1; b = ['x']; none = null; own = new Own(); many = new Own[1]");
    next(groovy, "block = { 1 }; def f() { 2 }");
    next(session.java(), "int n = 3; record R(int a) {} R r = new R(1); int g() { return 4; }");
    Session.Reset reset = session.reset();
    assertThat(reset.kept()).containsExactly("stubborn", "a", "b", "none", "n");
    assertThat(reset.dropped()).containsExactly("own", "many", "block", "f", "r");
    assertThat(next(session.groovy(), "a + b.size()")).isEqualTo(2);
    assertThat(next(session.java(), "n + 1")).hasToString("4");
    for (String gone : new String[] {"TimeUnit.DAYS", "new Own()", "f()"}) {
      assertThatThrownBy(() -> next(session.groovy(), gone)).isInstanceOf(ScriptException.class);
    }
    assertThatThrownBy(() -> next(session.java(), "g()")).isInstanceOf(ScriptException.class);
  }

  /** Those of Java's common pool are nobody's own. */
  @Test
  void workersStopWithTheLineTheyWorkForAndWorkForTheNext() throws Exception {
    ScriptEngine groovy = session.groovy();
    String inPool = "java.util.concurrent.ForkJoinPool.commonPool().execute(%s as Runnable)";
    CountDownLatch running = new CountDownLatch(1);
    CountDownLatch stopped = new CountDownLatch(1);
    session.variables().put("running", running);
    session.variables().put("stopped", stopped);
    String loop =
        "{ running.countDown(); try { while (true) { } } finally { stopped.countDown() } }";
    String first = inPool.formatted(loop) + "; while (true) { }";
    Evaluation<?> evaluation = Evaluation.start(() -> groovy.evaluate(first));
    running.await();
    evaluation.cancel();
    assertThat(stopped.await(60, TimeUnit.SECONDS)).isTrue();
    CountDownLatch done = new CountDownLatch(1);
    session.variables().put("done", done);
    next(groovy, inPool.formatted("{ done.countDown() }"));
    assertThat(done.await(60, TimeUnit.SECONDS)).isTrue();
  }
}
