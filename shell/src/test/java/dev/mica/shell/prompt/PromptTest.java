package dev.mica.shell.prompt;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mica.Mica;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.TimeUnit;
import org.jline.terminal.Attributes;
import org.jline.terminal.Size;
import org.jline.terminal.Terminal;
import org.jline.terminal.impl.LineDisciplineTerminal;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The prompt at a virtual terminal: what is typed goes in, what a user would see comes out. */
@SuppressWarnings("NullAway.Init") // JUnit sets the fields
@Timeout(120)
final class PromptTest {
  /** Output that can be waited for. */
  private static final class Screen extends OutputStream {
    private final ByteArrayOutputStream seen = new ByteArrayOutputStream();

    @Override
    public synchronized void write(int b) {
      seen.write(b);
      notifyAll();
    }

    synchronized String text() {
      return seen.toString(StandardCharsets.UTF_8)
          .replaceAll("\u001b\\[[0-9;?<>=]*[a-zA-Z]|\u001b[=>()][0B]?|\r", "");
    }

    /** Waits until {@code text} stands behind the first {@code from} characters; where it ends. */
    synchronized int await(String text, int from) throws InterruptedException {
      long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
      while (text().indexOf(text, Math.min(from, text().length())) < 0) {
        long left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
        assertThat(left).as("waiting for %s, seen: %s", text, text()).isPositive();
        wait(left);
      }
      return text().indexOf(text, Math.min(from, text().length())) + text.length();
    }
  }

  @TempDir Path temp;
  private final Screen screen = new Screen();
  private LineDisciplineTerminal terminal;
  private Thread prompt;
  private int seen;

  @BeforeEach
  void open() throws Exception {
    terminal = new LineDisciplineTerminal("test", "xterm", screen, StandardCharsets.UTF_8);
    Attributes attributes = terminal.getAttributes();
    attributes.setLocalFlag(Attributes.LocalFlag.ISIG, true);
    terminal.setAttributes(attributes);
    terminal.setSize(Size.of(100, 40));
    Prompt talk =
        Prompt.ofProcess(terminal, Mica.open(temp.resolve("home")), temp.resolve("home/history"));
    prompt = Thread.ofPlatform().daemon().start(talk::run);
    sees("mica> ");
  }

  /** As a user leaves: a terminal that is closed under the line editor makes JLine warn of it. */
  @AfterEach
  void leave() throws Exception {
    if (prompt.isAlive()) {
      type("\u0003\u0004");
    }
    prompt.join(60_000);
    assertThat(prompt.isAlive()).isFalse();
    terminal.close();
  }

  private void type(String keys) throws IOException {
    terminal.processInputBytes(keys.getBytes(StandardCharsets.UTF_8));
  }

  private void sees(String text) throws InterruptedException {
    seen = screen.await(text, seen);
  }

  /** One for a new line; a list of candidates draws the prompt of the old line again. */
  private void seesNewPrompt() throws InterruptedException {
    sees("~  ");
    sees("mica> ");
  }

  @Test
  void evaluatesAndRemembers() throws Exception {
    type("x = 20 + 1\r");
    sees("\n21\n");
    type("x * 2\r");
    sees("\n42\n");
    type("_ + 1\r");
    sees("\n43\n");
  }

  @Test
  void commandsRunAsCommands() throws Exception {
    type("union ls -o json\r");
    sees("\n{\"unions\":[]}\n");
    type("unoin ls\r");
    sees("there is no command or word 'unoin'; did you mean 'union'?");
    type("union create\r");
    sees("union create: missing");
  }

  @Test
  void linesGoOnUntilTheBlockIsClosed() throws Exception {
    type("[1, 2].collect {\r");
    sees("... ");
    type("it * 10\r");
    sees("... ");
    type("}\r");
    sees("\n[10, 20]\n");
  }

  @Test
  void ctrlCStopsAScriptAndTheConversationGoesOn() throws Exception {
    type("println 'run' + 'ning'; while (true) {}\r");
    sees("\nrunning\n");
    terminal.raise(Terminal.Signal.INT);
    sees("cancelled");
    sees("mica> ");
    type("6 * 7\r");
    sees("\n42\n");
  }

  @Test
  void tabCompletesCommandsAndPathsWithBlanks() throws Exception {
    Path dir = Files.createDirectories(temp.resolve("with blank"));
    type("doct\t");
    sees("doctor");
    type("\u0003");
    seesNewPrompt();
    type("folder('" + temp + "/with\t");
    sees("with blank/");
    type("').name\r");
    sees("\nwith blank\n");
    type("diff " + temp + "/wi\t");
    sees("with\\ blank/");
    type("\u0003");
    assertThat(dir).isEmptyDirectory();
  }

  @Test
  void anOpenQuoteAndTabDoNotEndIt() throws Exception {
    type("folder('/etc/ap\t\t\u0003");
    seesNewPrompt();
    type("union show 'a\t\t\u0003");
    seesNewPrompt();
    type("println \"${\t\t\u0003");
    seesNewPrompt();
    type("1 + 1\r");
    sees("\n2\n");
  }

  @Test
  void errorsAreOneLineAndTraceTellsMore() throws Exception {
    type("folder('/x').nmae\r");
    sees("Folder has no property 'nmae'; did you mean 'name'?");
    type(":trace\r");
    sees("MissingPropertyException");
    type(":nothing\r");
    sees("there is no :nothing");
    type("x = 'abc\r");
    sees("\n      ^\n");
  }

  @Test
  void helpKnowsWordsAndCommands() throws Exception {
    type(":help union\r");
    sees("mounts a union");
    sees("example  union {");
    type(":help zzz\r");
    sees("there is no help for 'zzz'");
  }

  @Test
  void javaIsTheOtherLanguage() throws Exception {
    type("n = 20\r");
    sees("\n20\n");
    type(":java\r");
    sees("java> ");
    type("(Integer) vars.get(\"n\") + 1\r");
    sees("\n21\n");
    type(":groovy\r");
    sees("mica> ");
  }

  @Test
  void theHistoryIsPrivateAndCtrlDLeaves() throws Exception {
    type("'first' + 'line'\r");
    sees("\nfirstline\n");
    type("\u0010\r");
    sees("\nfirstline\n");
    type("\u0004");
    prompt.join(60_000);
    assertThat(prompt.isAlive()).isFalse();
    Path history = temp.resolve("home/history");
    assertThat(history).content().contains("'first' + 'line'");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(history)))
        .isEqualTo("rw-------");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(temp.resolve("home"))))
        .isEqualTo("rwx------");
  }

  @Test
  void aBigPasteIsTaken() throws Exception {
    String paste = "x = '" + "a".repeat(50_000) + "'; x.size()";
    type("\u001b[200~" + paste + "\u001b[201~");
    type("\r");
    sees("\n50000\n");
  }
}
