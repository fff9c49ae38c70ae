package dev.mica.scripting.groovy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mica.scripting.Sessions;
import dev.mica.scripting.run.ScriptException;
import dev.mica.vm.Console;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.reflect.Constructor;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@SuppressWarnings("NullAway.Init") // JUnit sets the fields
final class PropertyExtensionsTest {
  @TempDir Path temp;
  private Sessions test;

  @BeforeEach
  void open() {
    test = new Sessions(temp.resolve("home"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "folder('/srv/web').name | web",
        "diff('/etc', '/srv').to | /srv",
        "host.cpus > 0 | true",
        "host.helper.pid | 0",
        "[folder('/a'), folder('/b')].name.join() | ab",
        "folder('/srv').with { name } | srv",
      })
  void whatTheHelpCallsAPropertyIsOne(String source, String expected) {
    assertThat(test.eval(source)).hasToString(expected);
  }

  /** There is none without a helper VM that runs, so one is made of nothing. */
  @Test
  void theStreamsOfAConsoleAreProperties() throws Exception {
    Constructor<Console> made =
        Console.class.getDeclaredConstructor(String.class, SocketChannel.class, String.class);
    made.setAccessible(true);
    try (SocketChannel channel = SocketChannel.open()) {
      test.session.variables().put("console", made.newInstance("the VM", channel, "said before"));
      assertThat(test.eval("console.input")).isInstanceOf(InputStream.class);
      assertThat(test.eval("console.output")).isInstanceOf(OutputStream.class);
      assertThat(test.eval("console.recent")).isEqualTo("said before");
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "folder('/srv').nothing | Folder has no property 'nothing'",
        "folder('/srv').exists | 'exists' of Folder is a method",
        "1.nothing | Integer has no property 'nothing'",
        "[1, 2].nothing | Integer has no property 'nothing'",
        "String.nothing | String has no property 'nothing'",
        "new Object().nothing | Object has no property 'nothing'",
        "nothing | there is no variable or word 'nothing'",
        "({ nothing })() | there is no variable or word 'nothing'",
      })
  void whatNobodyHasIsMissed(String source, String why) {
    assertThatThrownBy(() -> test.eval(source))
        .isInstanceOf(ScriptException.class)
        .hasMessageStartingWith(why);
  }
}
