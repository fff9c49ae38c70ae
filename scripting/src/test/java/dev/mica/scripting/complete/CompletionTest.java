package dev.mica.scripting.complete;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mica.scripting.Sessions;
import groovy.lang.GroovyObjectSupport;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@SuppressWarnings("NullAway.Init") // JUnit sets the fields
final class CompletionTest {
  /** Counts whatever is done to it. */
  @SuppressWarnings("unused") // called by nobody: that is what is tested
  public static final class Trap extends GroovyObjectSupport {
    static final AtomicInteger TOUCHED = new AtomicInteger();

    public String getBeanName() {
      TOUCHED.incrementAndGet();
      return "";
    }

    public Trap fire() {
      TOUCHED.incrementAndGet();
      return this;
    }

    @Override
    public Object getProperty(String name) {
      TOUCHED.incrementAndGet();
      return this;
    }

    @Override
    public Object invokeMethod(String name, @Nullable Object arguments) {
      TOUCHED.incrementAndGet();
      return this;
    }

    @Override
    public String toString() {
      TOUCHED.incrementAndGet();
      return "";
    }

    @Override
    public int hashCode() {
      TOUCHED.incrementAndGet();
      return 0;
    }

    @Override
    public boolean equals(@Nullable Object other) {
      TOUCHED.incrementAndGet();
      return this == other;
    }
  }

  @TempDir Path temp;
  private Sessions test;

  @BeforeEach
  void open() {
    test = new Sessions(temp.resolve("home"));
    test.session.variables().put("place", test.session.mica().folder("/etc"));
    test.session.variables().put("text", "abc");
    test.session.variables().put("trap", new Trap());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "fol | folder(",
        "unio | unions",
        "pla | place",
        "place.te | text",
        "place.copy | copyTo(",
        "folder('/x').diff('/y').su | summary()",
        "(place / 'x').na | name",
        "unions.list()[0].dif | diff()",
        "unions.each { it.remo | remount()",
        "commits.list().first().re | refs",
        "commits.list()*.me | message",
        "union { low | lower ",
        "union { via ke | kernel",
        "union { lower '/a'; up | upper ",
        "vm('web') { me | memory ",
        "vm('web') { from 'x'; me | memory ",
        "vm('web') { from 'x'\\nenv A: 1\\nme | memory ",
        "vm(names[0].trim()) { from 'x'; work | workdir ",
        "x = vm('web') { from 'x'; inter | interactive",
        "union('u').upper.na | name",
        "folder('/x').find { it.si | size",
        "doctor()[0].de | detail",
        "host.ker | kernel",
        "text.toUpp | toUpperCase()",
        "\"${place.na | name",
        "512.M | MB",
        "File.createT | createTempFile(",
        "new File('/x').getN | ",
        "trap.fi | fire()",
        "trap.fire().fi | fire()",
        "trap.bean | beanName",
      })
  void whatMayFollow(String source, @Nullable String expected) {
    String typed = source.replace("\\n", "\n");
    if (expected != null) {
      assertThat(test.complete(typed)).anyMatch(value -> value.strip().equals(expected.strip()));
    } else {
      assertThat(test.complete(typed)).isEmpty();
    }
  }

  @Test
  void whatTheSameTextAssignedIsKnown() {
    assertThat(test.complete("u = union { lower '/a' }\nu.sta")).containsExactly("state");
  }

  @Test
  void pathsCompleteInStrings() throws Exception {
    Files.createDirectory(temp.resolve("some dir"));
    Files.createFile(temp.resolve("some file"));
    assertThat(test.complete("folder('" + temp + "/some"))
        .containsExactly(temp + "/some dir/", temp + "/some file");
    assertThat(test.complete("println '" + temp + "/some")).isEmpty();
    assertThat(test.complete("folder('~")).containsExactly("~/");
  }

  /** Every position of every text of the corpus: nothing may be run, loaded anew or changed. */
  @Test
  void completionTouchesNothing() {
    List<String> corpus =
        Arrays.asList(
            "trap.fire().beanName.fire().x",
            "trap.beanName.length()",
            "trap[0].fire()",
            "\"${trap.fire().beanName}\".length()",
            "[trap].each { it.fire().b }",
            "trap.with { fire(). }",
            "x = trap.fire()\nx.beanName.f",
            "new File('/tmp/completion-made-this').createNewFile().x",
            "union { lower trap.fire(); upper trap.beanName. }",
            "folder('/tmp/completion-made-this').create().na",
            "unions.removeAll().x",
            "System.exit(1).x",
            "trap.'beanName'.x",
            "trap?.beanName?.x",
            "trap*.beanName.x");
    int before = Trap.TOUCHED.get();
    int completed = 0;
    for (String text : corpus) {
      for (int cursor = 0; cursor <= text.length(); cursor++) {
        test.session.groovy().complete(text, cursor);
        completed++;
      }
    }
    assertThat(Trap.TOUCHED.get()).as("calls of the object's methods").isEqualTo(before);
    assertThat(Path.of("/tmp/completion-made-this")).doesNotExist();
    assertThat(temp.resolve("home")).as("the state directory").doesNotExist();
    assertThat(completed).isGreaterThan(200);
  }
}
