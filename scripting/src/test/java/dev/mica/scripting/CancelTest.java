package dev.mica.scripting;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mica.scripting.run.Cancelled;
import dev.mica.scripting.run.Evaluation;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@SuppressWarnings("NullAway.Init") // JUnit sets the fields
final class CancelTest {
  private static final String JAVA_BEGINS =
      "((java.util.concurrent.CountDownLatch) vars.get(\"running\")).countDown();\n";

  private static final List<String> RUNAWAY_JAVA =
      List.of(
          "while (true) {}",
          "for (;;) {}",
          "do { } while (true);",
          "int r(int n) { return r2(n) + r2(n); } int r2(int n) { return n == 0 ? 0 : r(n - 1); } "
              + "r(64)",
          "while (true) { try { Thread.sleep(1000); } catch (InterruptedException e) { } }",
          "while (true) { try { int[] a = new int[0]; a[1] = 1; } catch (Throwable t) { } }",
          "LongStream.range(0, Long.MAX_VALUE).forEach(n -> {});",
          "Thread.sleep(1_000_000);");

  /** Milliseconds that no machine needs, however busy. */
  private static final long HANGS = 60_000;

  @TempDir Path temp;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "while (true) {}",
        "while (true);",
        "for (;;) {}",
        "do { } while (true)",
        "for (i in 1..2000000000) {}",
        "def f() { while (true) { 1 } }; f()",
        "while (true) { [1, 2].each { x -> x } }",
        "def r(n) { n > 0 ? r(n - 1) : 0 }; while (true) { r(10) }",
        "while (true) { try { 1 / 0 } catch (Throwable t) { } }",
        "while (true) { try { Thread.sleep(1000) } catch (InterruptedException e) { } }",
        "Thread.sleep(1_000_000)",
        "sleep(1_000_000)",
        "(1..2000000000).each { }",
        "java.util.stream.Stream.generate({ 1 } as java.util.function.Supplier).forEach { }",
        "class Runner { def go() { while (true) {} } }; new Runner().go()",
        "while (true) { try { } finally { } }",
        "new java.util.concurrent.CountDownLatch(1).await()",
        "def c; c = { -> while (true) { c.hashCode() } }; c()",
        "switch (1) { case 1: while (true) {} }",
        "synchronized (this) { while (true) {} }"
      })
  void runawayScriptsStop(String source) throws Exception {
    Sessions test = new Sessions(temp);
    CountDownLatch running = new CountDownLatch(1);
    test.session.variables().put("running", running);
    Evaluation<?> evaluation = Evaluation.start(() -> test.eval("running.countDown()\n" + source));
    assertThat(running.await(60, TimeUnit.SECONDS)).isTrue();
    evaluation.cancel();
    assertThat(evaluation.await(HANGS)).as("it ended").isTrue();
    assertThatThrownBy(evaluation::get).isInstanceOf(Cancelled.class);
  }

  @Test
  @Timeout(300)
  void runawayJavaStops() throws Exception {
    Sessions test = new Sessions(temp);
    for (String source : RUNAWAY_JAVA) {
      CountDownLatch running = new CountDownLatch(1);
      test.session.variables().put("running", running);
      Evaluation<?> evaluation =
          Evaluation.start(() -> test.session.java().evaluate(JAVA_BEGINS + source));
      running.await();
      evaluation.cancel();
      assertThat(evaluation.await(HANGS)).as(source).isTrue();
      assertThatThrownBy(evaluation::get).isInstanceOf(Cancelled.class);
    }
    assertThat(test.session.java().evaluate("6 * 7")).hasToString("42");
  }

  @Test
  void theSessionGoesOnAfterwards() throws Exception {
    Sessions test = new Sessions(temp);
    Evaluation<?> evaluation = Evaluation.start(() -> test.eval("x = 3; while (true) {}"));
    evaluation.cancel();
    assertThat(evaluation.await(HANGS)).isTrue();
    assertThat(test.eval("x = 4; x + 1")).isEqualTo(5);
  }
}
