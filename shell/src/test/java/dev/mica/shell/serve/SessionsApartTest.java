package dev.mica.shell.serve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mica.access.Role;
import dev.mica.test.NeedsRoot;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Nothing crosses between sessions that are open at the same time: no variable, no class, no
 * folder, no output and, between users, no history. {@code MICA_FULL=1} tries a hundred sessions,
 * for which each user has several connections of ten channels.
 */
@NeedsRoot
@Timeout(1800)
final class SessionsApartTest {
  private static final List<String> USERS = List.of("ann", "bea");
  private static final int SESSIONS = "1".equals(System.getenv("MICA_FULL")) ? 100 : 6;
  private static final int OF_CONNECTION = 10;
  private static final int STEPS = 8;

  /** What one session says, which no other may see. */
  private record Mark(String user, int number) {
    String text() {
      return user + "Mark" + number + "x";
    }
  }

  @Test
  void nothingCrosses() throws Exception {
    long seed = new Random().nextLong();
    try (SshServers servers = new SshServers()) {
      for (String user : USERS) {
        Path root = servers.scratch.dir("root-" + user);
        Files.writeString(root.resolve("whose"), "of " + user);
        servers.user(user, Role.ADMIN, "", root.toString());
      }
      List<Mark> marks =
          IntStream.range(0, SESSIONS)
              .mapToObj(i -> new Mark(USERS.get(i % USERS.size()), i))
              .toList();
      List<Process> masters = new ArrayList<>();
      try {
        for (Mark mark : marks) {
          if (!Files.exists(socket(servers, mark))) {
            masters.add(master(servers, mark));
          }
        }
        List<CompletableFuture<String>> all =
            marks.stream()
                .map(mark ->
                    CompletableFuture.supplyAsync(
                        () -> session(servers, mark, seed),
                        run -> {
                          var _ = Thread.ofVirtual().start(run);
                        }))
                .toList();
        for (int i = 0; i < all.size(); i++) {
          apart(marks, i, all.get(i).get(), seed);
        }
      } finally {
        for (Process master : masters) {
          master.destroy();
          int _ = master.waitFor();
        }
      }
      for (String user : USERS) {
        String history = Files.readString(servers.scratch.path("home/server/history-" + user));
        assertThat(history).as("seed %d", seed).contains(user + "Mark");
        for (Mark mark : marks) {
          if (!mark.user().equals(user)) {
            assertThat(history).as("seed %d", seed).doesNotContain(mark.text());
          }
        }
      }
    }
  }

  private static void apart(List<Mark> marks, int which, String seen, long seed) {
    for (Mark mark : marks) {
      assertThat(seen.contains(mark.text()))
          .as("%s in the session %d, seed %d", mark.text(), which, seed)
          .isEqualTo(marks.get(which).equals(mark));
    }
  }

  private static Path socket(SshServers servers, Mark mark) {
    int connection = mark.number() / USERS.size() / OF_CONNECTION;
    return servers.scratch.path("c-" + mark.user() + connection);
  }

  private static Process master(SshServers servers, Mark mark) throws Exception {
    Path socket = socket(servers, mark);
    Process master =
        new ProcessBuilder(servers.client(mark.user(), "-M", "-N", "-S", socket.toString()))
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    while (!Files.exists(socket)) {
      assertThat(master.isAlive()).isTrue();
      Thread.onSpinWait();
    }
    return master;
  }

  /** Sets a variable that all others set, too, and looks at what it has, in any order. */
  private static String session(SshServers servers, Mark mark, long seed) {
    Random random = new Random(seed + mark.number());
    List<String> client =
        servers.client(mark.user(), "-tt", "-S", socket(servers, mark).toString());
    try (SshTerminal prompt = new SshTerminal(client)) {
      prompt.sees("mica> ");
      prompt.type("v = '" + mark.text() + "'\r");
      prompt.sees("\n" + mark.text() + "\n");
      for (int i = 0; i < STEPS; i++) {
        prompt.sees("mica> ");
        step(prompt, mark, random.nextInt(6));
      }
      prompt.sees("mica> ");
      prompt.type("\u0004");
      assertThat(prompt.ends()).as("seed %d", seed).isZero();
      return prompt.seen();
    }
  }

  private static void step(SshTerminal prompt, Mark mark, int step) {
    switch (step) {
      case 0 -> says(prompt, "v", mark.text());
      case 1 -> says(prompt, "folder('whose').text", "of " + mark.user());
      case 2 -> says(prompt, "folder('~').name", "root-" + mark.user());
      case 3 -> {
        prompt.type("Thread.start { println v + '-thread' }.join()\r");
        prompt.sees("\n" + mark.text() + "-thread\n");
      }
      case 4 -> {
        prompt.type("class C { def m() { 'own' } }; def f(it) { it + new C().m() }; f(v)\r");
        prompt.sees("\n" + mark.text() + "own\n");
      }
      default -> says(prompt, "sessions.list().any { it.user == '" + mark.user() + "' }", "true");
    }
  }

  private static void says(SshTerminal prompt, String line, String answer) {
    prompt.type(line + "\r");
    prompt.sees("\n" + answer + "\n");
  }
}
