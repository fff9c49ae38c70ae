package dev.mica.vm.agent;

import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import dev.mica.vm.process.LineSocket;
import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * Requests to a guest's agent and its answers, over its socket. Any number may be under way, and
 * the answers come in any order. What breaks the socket, or is late, ends the conversation.
 */
final class AgentRequests implements AutoCloseable {
  /** The agent answers a call that it ended half a second after its limit. */
  private static final Duration GRACE = Duration.ofSeconds(3);

  private final LineSocket socket;
  private final Path path;
  // No client before us used these: late answers to them are not ours.
  private final String session =
      Long.toString(new SecureRandom().nextLong() >>> 1, Character.MAX_RADIX);
  private int requests;

  /** The ids of requests whose answers nobody has had yet. */
  private final Set<String> asked = new HashSet<>();

  /** Those of them that came while another was waited for. */
  private final Map<String, AgentLine> early = new HashMap<>();

  private AgentRequests(LineSocket socket, Path path) {
    this.socket = socket;
    this.path = path;
  }

  /** What is under way; the deadline is in {@link System#nanoTime}. */
  record Request(String id, String verb, long deadline) {}

  /** Connects; a guest that still boots takes what it is sent, and answers later. */
  static AgentRequests connect(Path path, Duration limit) {
    LineSocket socket = null;
    boolean done = false;
    try {
      socket = LineSocket.connect(path);
      socket.send("", LineSocket.in(limit));
      done = true;
      return new AgentRequests(socket, path);
    } catch (IOException broken) {
      throw silent(path, broken);
    } finally {
      if (!done && socket != null) {
        socket.close();
      }
    }
  }

  private static MicaException silent(Path path, IOException broken) {
    return MicaException.failed("talk to the guest's agent at", path, Why.of(broken))
        .because(broken);
  }

  /** Where the socket is. */
  Path path() {
    return path;
  }

  /** Asks and waits for the facts of the answer. */
  Map<String, String> call(String verb, Duration limit, AgentWords words) {
    return answer(ask(verb, limit, words));
  }

  /**
   * Asks.
   *
   * @param limit after which the agent gives up
   */
  Request ask(String verb, Duration limit, AgentWords words) {
    Request request =
        new Request(session + "." + ++requests, verb, LineSocket.in(limit.plus(GRACE)));
    AgentWords all = words.with("limit", limit.toMillis());
    try {
      asked.add(request.id());
      socket.send(AgentLine.request(request.id(), verb, all.encoded()), request.deadline());
    } catch (IOException broken) {
      throw over(broken);
    }
    return request;
  }

  /** Waits for the answer to that one; its facts. Fails as the verb did. */
  Map<String, String> answer(Request request) {
    AgentLine line = early.remove(request.id());
    try {
      while (line == null) {
        AgentLine next = AgentLine.parse(socket.receive(request.deadline()));
        if (next.isAnswerTo(request.id())) {
          line = next;
        } else if (asked.contains(next.id()) && next.isAnswerTo(next.id())) {
          early.put(next.id(), next);
        }
      }
    } catch (IOException broken) {
      throw over(broken);
    }
    asked.remove(request.id());
    return line.isOk() ? line.facts() : fail(request.verb(), line.facts());
  }

  private MicaException over(IOException broken) {
    socket.close(); // what comes later would be taken for another answer
    return silent(path, broken);
  }

  private static Map<String, String> fail(String verb, Map<String, String> facts) {
    String note = facts.getOrDefault("note", "");
    String errno = facts.getOrDefault("errno", "no reason given");
    String step = facts.getOrDefault("step", "");
    throw MicaException.failed(
            "have the guest do " + verb + (step.isEmpty() ? "" : ", to " + step),
            facts.getOrDefault("path", ""),
            note.isEmpty() ? errno : note + " (" + errno + ")")
        .because(new AgentFailure(verb, errno, step, note));
  }

  /** Hangs up. */
  @Override
  public void close() {
    socket.close();
  }
}
