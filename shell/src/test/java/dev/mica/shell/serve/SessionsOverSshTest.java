package dev.mica.shell.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.mica.access.Role;
import dev.mica.session.Served;
import dev.mica.session.Session;
import dev.mica.test.NeedsRoot;
import dev.mica.user.UserKey;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The sessions of users who come with the client of OpenSSH. */
@NeedsRoot
@Timeout(300)
@SuppressWarnings("NullAway.Init") // set before each
final class SessionsOverSshTest {
  private static final byte[] NOTHING = {};

  /** A character that terminals obey: it begins a sequence that writes a title, and rings. */
  private static final String EVIL = "\u001b]0;x\u0007\u202e";

  private SshServers servers;

  @BeforeEach
  void start() {
    servers = new SshServers();
    servers.user("ann", Role.ADMIN, "");
    servers.user("olga", Role.OPERATOR, "");
    servers.user("victor", Role.VIEWER, "");
  }

  @AfterEach
  void end() {
    servers.close();
  }

  private SshTerminal prompt(String user) {
    SshTerminal prompt = new SshTerminal(servers.client(user, "-tt"));
    prompt.sees("mica> ");
    return prompt;
  }

  /** Waits for it; what never is so is ended by the time limit of the class. */
  private Session session(Predicate<Session> which) {
    while (true) {
      List<Session> found = servers.mica.sessions().list().stream().filter(which).toList();
      if (!found.isEmpty()) {
        return found.getFirst();
      }
      Thread.onSpinWait();
    }
  }

  private Session session(String user) {
    return session(each -> each.user().equals(user));
  }

  @Test
  void aSessionIsListedWhileItIsOpen() {
    try (SshTerminal prompt = prompt("victor")) {
      assertThat(servers.ask("victor", "session ls -o json").out())
          .matches(
              "\\{\"sessions\":\\[\\{\"id\":\"1\",\"user\":\"victor\",\"role\":\"viewer\","
                  + "\"from\":\"127.0.0.1\",\"since\":\"[^\"]*\",\"kind\":\"prompt\",\"running\":\"\","
                  + "\"size\":\"80x24\",\"idle\":\\d+,\"key\":\"SHA256:[^\"]*\",\"shared\":false,"
                  + "\"watches\":0,\"recorded\":false},"
                  + "\\{\"id\":\"2\",\"user\":\"victor\",.*\"kind\":\"command\","
                  + "\"running\":\"session ls\",\"size\":\"\",.*}]}\n");
      assertThat(session("victor").key())
          .isEqualTo(
              servers.mica.users().get("victor").keys().stream()
                  .map(UserKey::fingerprint)
                  .findFirst()
                  .orElseThrow());
      assertThat(servers.ask("olga", "session ls -o json").out()).doesNotContain("victor");
      assertThat(servers.ask("ann", "session ls").out()).contains("victor", "prompt", "80x24");
      assertThat(servers.ask("olga", "session show 1").err())
          .startsWith("mica: cannot find the session 1: there is none of that name");
      prompt.type("\u0004");
      assertThat(prompt.ends()).isZero();
      assertThat(servers.ask("victor", "session show 1").status()).isEqualTo(1);
    }
  }

  @Test
  void whatRunsIsShownWithoutWhatIsSecret() {
    try (SshTerminal prompt = prompt("ann")) {
      prompt.type("x = 'hunter2'; println 'be' + 'gun'; while (true) {}\r");
      prompt.sees("begun");
      assertThat(session("ann").running()).isEqualTo("a script");
      prompt.type("\u0003");
      prompt.sees("cancelled");
      prompt.sees("mica> ");
      assertThat(session(each -> each.running().isEmpty()).kind()).isEqualTo(Served.Kind.PROMPT);
    }
  }

  @ParameterizedTest
  @CsvSource({"-T, PIPE", "-s sftp, SFTP"})
  void whatASessionIsFor(String options, Served.Kind kind) throws Exception {
    List<String> client = servers.client("olga");
    List<String> words = List.of(options.split(" ", -1));
    client.add(1, words.getFirst());
    client.addAll(words.subList(1, words.size()));
    Process process = new ProcessBuilder(client).start();
    assertThat(session("olga").kind()).isEqualTo(kind);
    session("olga").kill();
    int _ = process.waitFor();
    while (!servers.mica.sessions().list().isEmpty()) {
      Thread.onSpinWait();
    }
  }

  /** What is being typed stays, and counts; nothing in the message is obeyed. */
  @Test
  void aMessageComesAboveWhatIsTyped() {
    try (SshTerminal prompt = prompt("ann")) {
      prompt.type("20 + 2");
      prompt.sees("20 + 2");
      String id = session("ann").id();
      message("the lab " + EVIL + " ends", "--to " + id);
      prompt.sees("ann says: the lab \\x1b]0;x\\x07\\u202e ends\n");
      prompt.sees("mica> 20 + 2");
      prompt.type("2\r");
      prompt.sees("\n42\n");
      assertThat(prompt.raw()).doesNotContain("\u001b]0;x");
    }
  }

  /** By a pipe: what words of a command line are encoded in depends on where the test runs. */
  private void message(String text, String to) {
    byte[] line = ("session message '" + text + "' " + to + "\n").getBytes(StandardCharsets.UTF_8);
    SshServers.Reply told = SshServers.run(servers.client("ann", "-T"), line);
    assertThat(told.status()).as(told.err()).isZero();
  }

  @Test
  void aMessageToACommandIsOnItsStandardError() throws Exception {
    List<String> client = servers.client("ann");
    client.addAll(List.of("-e", "'println 1; while (true) { }'"));
    Process process = new ProcessBuilder(client).start();
    try (InputStream said = process.getInputStream();
        var err = process.errorReader()) {
      assertThat(said.read()).isEqualTo('1');
      message("a " + EVIL + "b", "--all");
      assertThat(err.readLine()).isEqualTo("mica: ann says: a \\x1b]0;x\\x07\\u202eb");
    } finally {
      process.destroyForcibly().waitFor();
    }
  }

  /** Only admins send them, and only to who is there. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "olga | session message x --all | 3 | olga is an operator",
        "ann | session message x --to 77 | 1 | cannot find the session 77: there is none of tha",
        "ann | session message x | 2 | missing --to or --all",
        "olga | session kill 77 | 1 | cannot find the session 77",
        "olga | session kill | 2 | missing ID",
      })
  void whatIsWrongIsTold(String user, String words, int status, String why) {
    SshServers.Reply reply = servers.ask(user, words);
    assertThat(reply.status()).as(reply.err()).isEqualTo(status);
    assertThat(reply.err()).contains(why).hasLineCount(1);
  }

  static Stream<Arguments> ends() {
    return Stream.of("kill", "drop")
        .flatMap(how ->
            Stream.of(
                    "",
                    "while (true) {}",
                    "Thread.sleep(1e9 as long)",
                    "while (true) { try { Thread.sleep(1e9 as long) } catch (all) {} }")
                .map(source -> arguments(how, source)));
  }

  /**
   * A session ends whatever it does, by somebody else or because its line is gone, and with it what
   * it evaluates. What never ends is ended by the time limit of the class.
   */
  @ParameterizedTest
  @MethodSource("ends")
  void aPromptThatIsEndedIsGone(String how, String source) throws Exception {
    try (SshTerminal prompt = prompt("ann")) {
      if (!source.isEmpty()) {
        prompt.type("println 'be' + 'gun'; " + source + "\r");
        prompt.sees("begun");
      }
      if (how.equals("drop")) {
        prompt.kill();
      } else {
        SshServers.Reply killed = servers.ask("ann", "session kill " + session("ann").id());
        assertThat(killed.status()).as(killed.err()).isZero();
        prompt.sees("mica: this session was ended by ann");
        assertThat(prompt.ends()).isEqualTo(1);
      }
      awaitNothing();
    }
  }

  private void awaitNothing() throws InterruptedException {
    while (!servers.mica.sessions().list().isEmpty()) {
      Thread.onSpinWait();
    }
    for (Thread each : Thread.getAllStackTraces().keySet()) {
      if (each.getName().equals("mica-eval")) {
        each.join();
      }
    }
  }

  /** Nobody reads what the command prints, so that it waits for its client. */
  @Test
  void aCommandWhoseClientDoesNotReadIsEnded() throws IOException, InterruptedException {
    List<String> client = servers.client("ann");
    client.addAll(List.of("-e", "'while (true) { println \"y\" * 10000 }'"));
    Process process = new ProcessBuilder(client).start();
    try {
      assertThat(process.getInputStream().read()).isEqualTo('y');
      session("ann").kill();
      awaitNothing();
    } finally {
      process.destroyForcibly().waitFor();
    }
  }

  @Test
  void usersEndTheirOwnSessionsOnly() {
    try (SshTerminal own = prompt("olga");
        SshTerminal other = prompt("victor")) {
      String theirs = session("victor").id();
      assertThat(servers.ask("olga", "session kill " + theirs).status()).isEqualTo(1);
      assertThat(servers.ask("olga", "session kill " + session("olga").id()).status()).isZero();
      own.sees("mica: this session was ended by olga");
      assertThat(own.ends()).isEqualTo(1);
      other.type("version\r");
      other.sees("mica> ");
    }
  }

  @Test
  void aScriptHasThemToo() {
    assertThat(servers.ask("ann", "-e 'sessions.list()*.user'").out()).isEqualTo("[ann]\n");
    assertThat(servers.ask("ann", "-e 'sessions.find(\"1\").present'").out()).isEqualTo("false\n");
    assertThat(SshServers.run(servers.client("ann"), NOTHING, "-e 'sessions[\"1\"]'").err())
        .contains("cannot find the session 1");
  }

  @ParameterizedTest
  @ValueSource(strings = {"\u001d", "\u0003", "q"})
  void whoWatchesSeesWhatIsSeenThereAndLeavesByAKey(String key) {
    try (SshTerminal prompt = prompt("victor")) {
      prompt.type("union ls -o json\r");
      prompt.sees("{\"unions\":[]}");
      prompt.sees("mica> ");
      String id = session("victor").id();
      try (SshTerminal watcher =
          new SshTerminal(with(servers.client("ann", "-tt"), "session watch " + id))) {
        watcher.sees("watching the session " + id + " of victor, 80x24; Ctrl-] leaves\n");
        watcher.sees("{\"unions\":[]}"); // what was shown last
        prompt.type("typed");
        watcher.sees("typed");
        watcher.type("x");
        assertThat(session("victor").watches()).isEqualTo(1);
        watcher.type(key);
        watcher.sees("left; the session " + id + " of victor goes on");
        assertThat(watcher.ends()).isZero();
      }
      assertThat(session("victor").watches()).isZero();
      assertThat(prompt.seen()).doesNotContain("x");
    }
  }

  private static List<String> with(List<String> client, String words) {
    client.add(words);
    return client;
  }

  @Test
  void aWatchEndsWithItsSession() {
    try (SshTerminal prompt = prompt("victor");
        SshTerminal watcher =
            new SshTerminal(
                with(servers.client("ann", "-tt"), "session watch " + session("victor").id()))) {
      watcher.sees("Ctrl-] leaves\n");
      prompt.type("\u0004");
      assertThat(prompt.ends()).isZero();
      watcher.sees("the session 1 of victor has ended");
      assertThat(watcher.ends()).isZero();
    }
  }

  /** Nobody reads what the watcher is sent until the session has shown all that it has to show. */
  @Test
  void aSlowWatcherIsCutOff() throws Exception {
    String script =
        "while (sessions.get(\"1\").watches == 0) { Thread.sleep(1) }; "
            + "40000.times { println \"y\" * 200 }";
    Process shows =
        new ProcessBuilder(with(servers.client("ann", "-tt"), "-e '" + script + "'")).start();
    assertThat(session("ann").id()).isEqualTo("1");
    Process watcher = new ProcessBuilder(with(servers.client("ann"), "session watch 1")).start();
    try {
      assertThat(shows.getInputStream().readAllBytes()).hasSizeGreaterThan(8_000_000);
      byte[] seen = watcher.getInputStream().readAllBytes();
      assertThat(seen.length).isLessThan(8_000_000);
      assertThat(new String(watcher.getErrorStream().readAllBytes(), StandardCharsets.UTF_8))
          .isEqualTo(
              "mica: cut off, because this side took too little of what the session 1 of ann shows;"
                  + " watch it again\n");
      assertThat(watcher.waitFor()).isEqualTo(1);
    } finally {
      shows.destroyForcibly().waitFor();
      watcher.destroyForcibly().waitFor();
    }
  }

  @Test
  void whoWatchesThemselvesIsNotShownForEver() {
    try (SshTerminal prompt = prompt("ann")) {
      prompt.type("session watch " + session("ann").id() + "\r");
      prompt.sees("Ctrl-] leaves\n");
      prompt.type("q");
      prompt.sees("left;");
      prompt.sees("mica> ");
      assertThat(prompt.raw().length()).isLessThan(50_000);
    }
  }

  @Test
  void aUserLetsOthersWatch() {
    try (SshTerminal prompt = prompt("victor")) {
      String id = session("victor").id();
      assertThat(servers.ask("olga", "session watch " + id).err())
          .startsWith("mica: cannot find the session " + id);
      prompt.type("session share " + id + "\r");
      prompt.sees("shared");
      prompt.sees("mica> ");
      assertThat(servers.ask("olga", "session show " + id + " -o json").out())
          .contains("\"user\":\"victor\"", "\"from\":\"\"", "\"shared\":true");
      try (SshTerminal watcher =
          new SshTerminal(with(servers.client("olga", "-tt"), "session watch " + id))) {
        watcher.sees("Ctrl-] leaves\n");
        prompt.type("together");
        watcher.sees("together");
      }
      assertThat(servers.ask("olga", "session kill " + id).status()).isEqualTo(3);
    }
  }

  /** Over a line that was cut; the registry says nothing until its socket is closed. */
  @Test
  void whoeverComesBackHearsOfTheirJobs() throws Exception {
    ServerSocket silent = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
    try {
      try (SshTerminal prompt = prompt("ann")) {
        prompt.type("commit pull 127.0.0.1:" + silent.getLocalPort() + "/x:1 &\r");
        prompt.sees("\n1\n");
      }
      while (!servers.mica.sessions().list().isEmpty()) {
        Thread.onSpinWait();
      }
      assertThat(servers.ask("victor", "session attach 1").err())
          .startsWith(
              "mica: cannot attach to the session 1: no job of yours was begun in it; all your");
      assertThat(servers.ask("victor", "session attach").err())
          .startsWith("mica: cannot attach to the last session: none that has ended had begun");
      Process attached = new ProcessBuilder(with(servers.client("ann"), "session attach")).start();
      try (BufferedReader said = attached.errorReader()) {
        assertThat(said.readLine()).startsWith("mica: job 1: commit pull 127.0.0.1:");
        silent.close();
        assertThat(said.readLine()).isEqualTo("mica: job 1 is failed");
        assertThat(new String(attached.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
            .startsWith("mica: cannot reach the registry 127.0.0.1:");
        assertThat(attached.waitFor()).isEqualTo(1);
      }
    } finally {
      silent.close();
    }
  }
}
