package dev.mica.scripting;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mica.scripting.run.ScriptException;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What Mica's own packages need of each other is no method of anything that a script is given. It
 * is no sandbox: Groovy reads the private fields of any object.
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
        "mica.host().state"
      })
  void javaFindsNone(String source) {
    assertThatThrownBy(() -> test.session.java().evaluate(source))
        .isInstanceOf(ScriptException.class)
        .hasMessageMatching("(?s).*(cannot find symbol|not public|has private access).*");
  }

  /** That the same way of asking finds what is there. */
  @Test
  void bothFindWhatIsThere() {
    assertThat(test.eval("unions.list().size()")).isEqualTo(0);
    assertThat(test.session.java().evaluate("mica.unions().list().size()")).hasToString("0");
  }
}
