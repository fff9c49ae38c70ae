package dev.mica.shell.serve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mica.access.Role;
import dev.mica.session.Recording;
import dev.mica.ssh.Settings;
import dev.mica.test.NeedsRoot;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Recordings of the terminals of users who come with the client of OpenSSH. */
@NeedsRoot
@Timeout(300)
final class RecordingsOverSshTest {
  private static final byte[] NOTHING = {};

  private final SshServers servers = new SshServers();

  @AfterEach
  void end() {
    servers.close();
  }

  /** What the recording has is what the client was sent, byte by byte. */
  @Test
  void aRecordingIsWhatTheTerminalWasSent() throws Exception {
    var _ =
        servers.mica.users().add("rec", Role.ADMIN, servers.key("rec") + ".pub", List.of(), true);
    String raw;
    try (SshTerminal prompt = new SshTerminal(servers.client("rec", "-tt"))) {
      prompt.sees("mica: this session is recorded\n");
      prompt.sees("mica> ");
      assertThat(servers.mica.sessions().get("1").recorded()).isTrue();
      prompt.type("'\u00e4\u20ac\ud83d\ude00' * 3\r");
      prompt.sees("\n\u00e4\u20ac\ud83d\ude00\u00e4\u20ac\ud83d\ude00\u00e4\u20ac\ud83d\ude00\n");
      prompt.sees("mica> ");
      prompt.type("\u0004");
      assertThat(prompt.ends()).isZero();
      raw = new String(prompt.raw().getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
    }
    while (!servers.mica.sessions().list().isEmpty()) {
      Thread.onSpinWait();
    }
    assertThat(servers.mica.sessions().recordings()).hasSize(1);
    Recording recording = servers.mica.sessions().recordings().getFirst();
    List<JsonNode> lines =
        Files.readAllLines(recording.file()).stream().map(JsonMapper.shared()::readTree).toList();
    assertThat(lines.getFirst().get("term").get("cols").asInt()).isEqualTo(80);
    assertThat(
            lines.stream()
                .skip(1)
                .filter(line -> line.get(1).asString().equals("o"))
                .map(line -> line.get(2).asString())
                .collect(Collectors.joining()))
        .isEqualTo(raw);
    assertThat(lines.getLast().get(1).asString()).isEqualTo("x");
    assertThat(lines.getLast().get(2).asString()).isEqualTo("0");
    assertThat(servers.ask("rec", "session recordings").out()).contains("rec.cast");
    assertThat(servers.ask("rec", "version").err()).isEmpty();
    assertThat(servers.mica.sessions().recordings()).as("no terminal, no recording").hasSize(1);
  }

  @ParameterizedTest
  @CsvSource({"ann, false", "victor, true"})
  void aRoleIsRecorded(String user, boolean recorded) {
    Settings settings = Settings.of("127.0.0.1:0", false, Set.of(Role.VIEWER));
    try (SshServers own = new SshServers(settings, new Visits())) {
      own.user(user, user.equals("ann") ? Role.ADMIN : Role.VIEWER, "");
      SshServers.Reply reply = SshServers.run(own.client(user, "-tt"), NOTHING, "version");
      assertThat(reply.out().contains("mica: this session is recorded")).isEqualTo(recorded);
      assertThat(own.mica.sessions().recordings()).hasSize(recorded ? 1 : 0);
    }
  }
}
