package dev.mica.shell.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.mica.access.Caller;
import dev.mica.access.Role;
import dev.mica.shell.command.Command;
import dev.mica.shell.command.CommandTable;
import dev.mica.ssh.Visit;
import dev.mica.test.NeedsRoot;
import dev.mica.test.Scratch;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What users of each role have over SSH, with the client of OpenSSH. */
@NeedsRoot
@Timeout(300)
@SuppressWarnings("NullAway.Init") // set before all
final class ServeTest {
  private static final byte[] NOTHING = {};

  /** What is silent for so long is not told anything any more. */
  private static final int HANGS_MILLIS = 60_000;

  /** Those of keys, and then those of certificates. */
  private static final String SIGNATURES =
      "ssh-ed25519,sk-ssh-ed25519@openssh.com,sk-ecdsa-sha2-nistp256@openssh.com,"
          + "ecdsa-sha2-nistp521,ecdsa-sha2-nistp384,ecdsa-sha2-nistp256,"
          + "rsa-sha2-512,rsa-sha2-256,"
          + "ssh-ed25519-cert-v01@openssh.com,ecdsa-sha2-nistp521-cert-v01@openssh.com,"
          + "ecdsa-sha2-nistp384-cert-v01@openssh.com,ecdsa-sha2-nistp256-cert-v01@openssh.com,"
          + "rsa-sha2-512-cert-v01@openssh.com,rsa-sha2-256-cert-v01@openssh.com";

  private static SshServers servers;
  private static int places;

  @BeforeAll
  static void start() {
    servers = new SshServers();
    for (Role role : Role.values()) {
      servers.user(name(role), role, "", servers.scratch.dir("root").toString());
    }
  }

  @AfterAll
  static void end() {
    servers.close();
  }

  private static String name(Role role) {
    return role.name().toLowerCase(Locale.ROOT);
  }

  static Stream<Arguments> asked() {
    return Stream.of(
        arguments("viewer", "union ls -o json", 0, "{\"unions\":[]}\n", "mica: no unions\n"),
        arguments("viewer", "mica union ls -o json", 0, "{\"unions\":[]}\n", "mica: no unions\n"),
        arguments(
            "viewer",
            "union show x",
            1,
            "",
            "mica: cannot find the union x: there is none of that name\n"),
        arguments("viewer", "union ls --nmae", 2, "", "mica: union ls: unknown option '--nmae'"),
        arguments("viewer", "nothing", 2, "", "mica: unknown command 'nothing'"),
        arguments(
            "viewer", "diff / /", 3, "", "mica: cannot use /: viewer may only use what is in"),
        arguments("viewer", "diff . .", 0, "", ""),
        arguments("operator", "run x.groovy", 3, "", "mica: cannot use the command run: operator"),
        arguments("operator", "x.groovy", 3, "", "mica: cannot use the command run: operator"),
        arguments("viewer", "-e 1+1", 3, "", "mica: cannot use the command -e: viewer is"),
        arguments("admin", "-e 1+1", 0, "2\n", ""),
        arguments("admin", "-e '[a: 1]' -o json", 0, "{\"a\":1}\n", ""),
        arguments("admin", "-e 'folder(\".\").name'", 0, "root\n", ""),
        arguments("admin", "run none.groovy", 2, "", "mica: cannot run "),
        arguments("admin", "serve", 2, "", "mica: cannot serve here: it needs a process"));
  }

  /** Data alone on stdout, talk on stderr, and the exit status of the command. */
  @ParameterizedTest
  @MethodSource("asked")
  void aCommandIsAnsweredAsLocally(String user, String words, int status, String out, String err) {
    SshServers.Reply reply = servers.ask(user, words);
    assertThat(reply.status()).as(reply.err()).isEqualTo(status);
    assertThat(reply.out()).isEqualTo(out);
    assertThat(reply.err()).startsWith(err);
    assertThat(reply.err().isEmpty()).isEqualTo(err.isEmpty());
  }

  @Test
  void aScriptComesByTheStandardInput() {
    byte[] script = "println args.join('-') + 1 / 0".getBytes(StandardCharsets.UTF_8);
    SshServers.Reply failed = SshServers.run(servers.client("admin"), script, "run - a b");
    assertThat(failed.status()).isEqualTo(1);
    assertThat(failed.err()).startsWith("mica: input.groovy:1: ");
    byte[] good = "println args.join('-')".getBytes(StandardCharsets.UTF_8);
    assertThat(SshServers.run(servers.client("admin"), good, "run - a b"))
        .isEqualTo(new SshServers.Reply(0, "a-b\n", ""));
    assertThat(SshServers.run(servers.client("operator"), good, "run -").status()).isEqualTo(3);
  }

  /** Without a command and without a terminal, as with a pipe to {@code mica}. */
  @ParameterizedTest
  @EnumSource(Role.class)
  void linesAreCommandsForAllAndTheLanguageForAdmins(Role role) {
    byte[] lines = "union ls -o json\nx = 20 + 1\n2 * x\n".getBytes(StandardCharsets.UTF_8);
    SshServers.Reply reply = SshServers.run(servers.client(name(role), "-T"), lines);
    boolean admin = role == Role.ADMIN;
    assertThat(reply.out()).isEqualTo("{\"unions\":[]}\n" + (admin ? "21\n42\n" : ""));
    assertThat(reply.status()).isEqualTo(admin ? 0 : 3);
    assertThat(reply.err().contains("cannot run a line that is not a command")).isNotEqualTo(admin);
  }

  /** Each command that wants more than the role is refused, and what does not is not. */
  @ParameterizedTest
  @EnumSource(
      value = Role.class,
      names = {"VIEWER", "OPERATOR"})
  void everyCommandHasItsRole(Role role) throws Exception {
    String socket = servers.scratch.path("control-" + name(role)).toString();
    Process master =
        new ProcessBuilder(servers.client(name(role), "-M", "-N", "-S", socket))
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    try {
      while (!Files.exists(Path.of(socket))) {
        assertThat(master.waitFor(20, TimeUnit.MILLISECONDS)).isFalse();
      }
      List<String> client = servers.client(name(role), "-S", socket);
      for (Command command : CommandTable.get().below(List.of())) {
        boolean denied = role.compareTo(command.role()) < 0;
        if (!denied && command.role() != Role.VIEWER) {
          continue; // what an operator may do is tried elsewhere, with all that it needs
        }
        SshServers.Reply reply =
            SshServers.run(client, NOTHING, command.example().substring("mica ".length()));
        String told = "cannot use the command " + String.join(" ", command.path()) + ": ";
        assertThat(reply.err().contains(told))
            .as("%s: %s", command.path(), reply)
            .isEqualTo(denied);
        if (denied) {
          assertThat(reply.status()).as("%s: %s", command.path(), reply).isEqualTo(3);
          assertThat(reply.out()).isEmpty();
        }
      }
    } finally {
      master.destroy();
      int _ = master.waitFor();
    }
  }

  /** An address of this host that nobody has failed from. */
  private static String place() {
    places++;
    return "127.0.1." + places;
  }

  /** Somebody who fails again and again has to wait, and nobody else. */
  @Test
  void whoFailsAgainAndAgainIsNotHeard() {
    List<String> wrong = servers.clientWith("stranger", "admin", "-b", "127.0.2.1");
    for (int i = 0; i < 4; i++) {
      assertThat(SshServers.run(wrong, NOTHING, "version").err()).contains("Permission denied");
    }
    List<String> right = servers.client("admin", "-b", "127.0.2.1");
    SshServers.Reply refused = SshServers.run(right, NOTHING, "version");
    assertThat(refused.status()).isEqualTo(255);
    assertThat(refused.err()).doesNotContain("Permission denied");
    assertThat(SshServers.run(servers.client("admin"), NOTHING, "version").status()).isZero();
  }

  static Stream<Arguments> strangers() {
    return Stream.of(
        arguments("another's key", "viewer", "admin"),
        arguments("a key of nobody's", "admin", "stranger"),
        arguments("nobody", "nobody", "admin"),
        arguments("a name that leads elsewhere", "../users/admin", "admin"),
        arguments("a key that has expired", "expired", "expired"),
        arguments("a key of another address", "far", "far"),
        arguments("one who was removed", "gone", "gone"),
        arguments("one whose record is damaged", "damaged", "damaged"));
  }

  @ParameterizedTest
  @MethodSource("strangers")
  void whoIsNotKnownIsNotLetIn(String what, String user, String key) throws IOException {
    switch (user) {
      case "expired" -> {
        servers.user(user, Role.ADMIN, "expiry-time=\"20991231Z\"");
        Path record = servers.scratch.path("home/users/expired.json");
        Files.writeString(record, Files.readString(record).replace("20991231Z", "20201231Z"));
      }
      case "far" -> servers.user(user, Role.ADMIN, "from=\"10.0.0.0/8,::1\"");
      case "gone" -> {
        servers.user(user, Role.ADMIN, "");
        assertThat(servers.ask(user, "version").status()).isZero();
        servers.mica.users().remove(user);
      }
      case "damaged" -> {
        servers.user(user, Role.ADMIN, "");
        Files.writeString(servers.scratch.path("home/users/damaged.json"), "{}");
      }
      default -> {}
    }
    SshServers.Reply reply =
        SshServers.run(servers.clientWith(key, user, "-b", place()), NOTHING, "version");
    assertThat(reply.status()).as(what).isEqualTo(255);
    assertThat(reply.out()).isEmpty();
    assertThat(reply.err()).contains("Permission denied (publickey)");
  }

  @ParameterizedTest
  @ValueSource(strings = {"rsa:3072", "ecdsa:256", "ecdsa:384", "ecdsa:521"})
  void keysOfOtherKindsDoAsWell(String kind) {
    String[] parts = kind.split(":", -1);
    String name = "of-" + parts[0] + parts[1];
    Scratch.run(
        "ssh-keygen",
        "-q",
        "-t",
        parts[0],
        "-b",
        parts[1],
        "-N",
        "",
        "-f",
        servers.scratch.path(name).toString());
    servers.user(name, Role.VIEWER, "");
    assertThat(servers.ask(name, "union ls -o json").out()).isEqualTo("{\"unions\":[]}\n");
  }

  /** SHA-1 is no signature any more, not even with a good key. */
  @Test
  void anRsaKeyDoesNotSignWithSha1() {
    Scratch.run(
        "ssh-keygen",
        "-q",
        "-t",
        "rsa",
        "-b",
        "3072",
        "-N",
        "",
        "-f",
        servers.scratch.path("old").toString());
    servers.user("old", Role.VIEWER, "");
    List<String> client =
        servers.client("old", "-o", "PubkeyAcceptedAlgorithms=ssh-rsa", "-b", place());
    assertThat(SshServers.run(client, NOTHING, "version").status()).isEqualTo(255);
  }

  @Test
  void aKeyForOneCommandRunsNothingElse() {
    servers.user("one", Role.VIEWER, "restrict,command=\"union ls -o json\"");
    for (String words : List.of("version", "union ls", "-e 1")) {
      assertThat(servers.ask("one", words).out()).isEqualTo("{\"unions\":[]}\n");
    }
    SshServers.Reply lines = SshServers.run(servers.client("one", "-T"), NOTHING);
    assertThat(lines.out()).isEqualTo("{\"unions\":[]}\n");
    SshServers.Reply terminal = SshServers.run(servers.client("one", "-tt"), NOTHING, "version");
    assertThat(terminal.out()).as("no terminal, so no carriage returns").doesNotContain("\r");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "-W 127.0.0.1:1",
        "-N -o ExitOnForwardFailure=yes -R 0:127.0.0.1:1",
        "-s sftp-of-nobody",
      })
  void nothingIsForwarded(String options) {
    SshServers.Reply reply =
        SshServers.run(servers.client("admin", options.split(" ", -1)), NOTHING);
    assertThat(reply.status()).isNotZero();
    assertThat(reply.out()).isEmpty();
  }

  /** A command with a terminal has its lines end as those of a terminal do. */
  @Test
  void aCommandMayHaveATerminal() {
    SshServers.Reply reply =
        SshServers.run(servers.client("viewer", "-tt"), NOTHING, "union ls -o json");
    assertThat(reply.out()).contains("{\"unions\":[]}\r\n");
    assertThat(reply.status()).isZero();
  }

  /** The evaluator ends with its visitor, however deaf it is. */
  @Test
  void whoLeavesLeavesNothingRunning() throws Exception {
    List<String> command = servers.client("admin");
    command.addAll(List.of("-e", "'println 1; while (true) { }'"));
    Process client = new ProcessBuilder(command).start();
    try (InputStream said = client.getInputStream()) {
      assertThat(said.read()).isEqualTo('1');
    }
    assertThat(evaluators()).isNotEmpty();
    client.destroyForcibly().waitFor();
    for (Thread each : evaluators()) {
      each.join(); // what hangs is ended by the time limit of the class
    }
  }

  private static List<Thread> evaluators() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().equals("mica-eval"))
        .toList();
  }

  /** Nine of one place may begin and never go on; those of other places do not pay for it. */
  @Test
  void thoseWhoOnlyBeginDoNotKeepOthersOut() throws Exception {
    List<Socket> idle = new ArrayList<>();
    try {
      for (int i = 0; i < 49; i++) {
        idle.add(
            new Socket(
                InetAddress.ofLiteral("127.0.0.1"),
                servers.port(),
                InetAddress.ofLiteral("127.0.0.2"),
                0));
      }
      assertThat(servers.ask("viewer", "version").status()).isZero();
      long refused = idle.stream().filter(ServeTest::isClosed).count();
      assertThat(refused).as("of 49, of which nine may begin").isEqualTo(40);
    } finally {
      for (Socket each : idle) {
        each.close();
      }
    }
  }

  /** One that may begin is told the server's name first. */
  private static boolean isClosed(Socket socket) {
    try {
      socket.setSoTimeout(HANGS_MILLIS);
      return socket.getInputStream().read() < 0;
    } catch (SocketTimeoutException hangs) {
      throw new AssertionError("neither served nor closed", hangs);
    } catch (IOException reset) {
      return true;
    }
  }

  /**
   * What the door gives to whoever serves: the role, a folder and variables of the user's own, and
   * of what the client sends only what is harmless.
   */
  @Test
  void aVisitorHasNothingOfTheProcess() throws Exception {
    BlockingQueue<Visit> visits = new LinkedBlockingQueue<>();
    try (SshServers own =
        new SshServers(
            false,
            visit -> {
              visits.add(visit);
              return 7;
            })) {
      String root = own.scratch.dir("root").toString();
      own.user("ann", Role.OPERATOR, "", root);
      List<String> client =
          own.client(
              "ann", "-tt", "-o", "SetEnv=LANG=C LC_ALL=C.UTF-8 MICA_HOME=/x PATH=/x LD_X=1");
      assertThat(SshServers.run(client, NOTHING, "a", "'b c'").status()).isEqualTo(7);
      Visit visit = visits.poll(1, TimeUnit.MINUTES);
      assertThat(visit).isNotNull();
      Caller caller = visit.mica().caller();
      assertThat(caller.user()).isEqualTo("ann");
      assertThat(caller.role()).isEqualTo(Role.OPERATOR);
      assertThat(caller.folder()).hasToString(root);
      Map<String, String> variables = new HashMap<>(caller.environment());
      assertThat(variables.remove("TERM")).isNotNull();
      assertThat(variables)
          .isEqualTo(
              Map.of(
                  "HOME", root, "USER", "ann", "LOGNAME", "ann", "LANG", "C", "LC_ALL", "C.UTF-8"));
      assertThat(visit.command()).contains("a 'b c'");
      assertThat(visit.screen().orElseThrow().size()).isEqualTo(new Visit.Size(80, 24));
    }
  }

  /** The client's own account of what the server offers. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void theAlgorithmsAreThoseOfThePolicy(boolean compatible) throws IOException {
    try (SshServers own = new SshServers(compatible, new Visits())) {
      own.user("ann", Role.VIEWER, "");
      List<String> lines =
          SshServers.run(own.client("ann", "-vv", "-o", "LogLevel=DEBUG2"), NOTHING, "version")
              .err()
              .lines()
              .toList();
      int from = lines.indexOf("debug2: peer server KEXINIT proposal");
      assertThat(from).isPositive();
      assertThat(lines.subList(from + 1, from + 9))
          .containsExactlyElementsOf(
              Files.readAllLines(
                  Path.of(
                      System.getProperty("mica.root"),
                      "shell/src/test/ssh",
                      compatible ? "compatible.policy" : "usual.policy")));
      assertThat(lines)
          .anyMatch(line -> line.contains("kex: algorithm: sntrup761x25519-sha512"))
          .anyMatch(line -> line.contains("kex: host key algorithm: ssh-ed25519"))
          .anyMatch(line -> line.contains("Remote protocol version 2.0, remote software version"))
          .contains("debug1: kex_input_ext_info: server-sig-algs=<" + SIGNATURES + ">");
      assertThat(lines).noneMatch(line -> line.contains("SSHD"));
    }
  }

  @Test
  void anOldClientComesInOnlyWhereItMay() {
    for (boolean compatible : List.of(false, true)) {
      try (SshServers own = new SshServers(compatible, new Visits())) {
        own.user("ann", Role.VIEWER, "");
        List<String> client = own.client("ann", "-o", "KexAlgorithms=curve25519-sha256");
        assertThat(SshServers.run(client, NOTHING, "version").status())
            .isEqualTo(compatible ? 0 : 255);
      }
    }
  }

  @Test
  void aUserHasEightSessions() throws Exception {
    List<String> sleeping = servers.client("admin", "-n");
    sleeping.addAll(List.of("-e", "'println 1; sleep 100000'"));
    List<Process> eight = new ArrayList<>();
    try {
      for (int i = 0; i < 8; i++) {
        Process one = new ProcessBuilder(sleeping).start();
        eight.add(one);
        assertThat(one.getInputStream().read()).isEqualTo('1');
      }
      assertThat(servers.ask("admin", "version").status()).isEqualTo(255);
      assertThat(servers.ask("viewer", "version").status()).isZero();
    } finally {
      for (Process one : eight) {
        one.destroyForcibly().waitFor();
      }
    }
    for (Thread each : evaluators()) {
      each.join(); // what hangs is ended by the time limit of the class
    }
  }
}
