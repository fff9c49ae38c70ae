package dev.mica.vm.qemu;

import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import dev.mica.state.Records;
import dev.mica.vm.process.LineSocket;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.function.Predicate;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** QEMU's control: one command at a time, and the events between them. */
public final class Qmp implements AutoCloseable {
  /** Its main loop answers at once, unless the host is very busy or it hangs. */
  private static final Duration LIMIT = Duration.ofSeconds(20);

  /** QEMU said no, and why. */
  static final class Refused extends IOException {
    private static final long serialVersionUID = 1L;

    Refused(String why) {
      super(why);
    }
  }

  /** QEMU's. */
  public record Version(int major, int minor) {
    public boolean isAtLeast(int otherMajor, int otherMinor) {
      return major > otherMajor || (major == otherMajor && minor >= otherMinor);
    }

    @Override
    public String toString() {
      return major + "." + minor;
    }
  }

  /** A guest can cause some kinds of them. */
  private static final int MOST_EVENTS = 1000;

  private final LineSocket socket;
  private final Path path;

  /** Those that came before the answer to a command. What a command does at once is among them. */
  private final Queue<JsonNode> events = new ArrayDeque<>();

  private Qmp(LineSocket socket, Path path) {
    this.socket = socket;
    this.path = path;
  }

  /** Connects and shakes hands. */
  static Qmp connect(Path path) {
    return connect(path, LIMIT);
  }

  static Qmp connect(Path path, Duration limit) {
    LineSocket socket = null;
    boolean done = false;
    try {
      socket = LineSocket.connect(path);
      Qmp qmp = new Qmp(socket, path);
      qmp.next(LineSocket.in(limit)); // its greeting
      qmp.command("qmp_capabilities", Records.object(), limit);
      done = true;
      return qmp;
    } catch (IOException broken) {
      throw MicaException.failed("talk to QEMU at", path, Why.of(broken)).because(broken);
    } finally {
      if (!done && socket != null) {
        socket.close();
      }
    }
  }

  public Version version() {
    JsonNode qemu = run("query-version").path("qemu");
    return new Version(qemu.path("major").asInt(0), qemu.path("minor").asInt(0));
  }

  /** One command; fails with what QEMU says. */
  public JsonNode run(String command, ObjectNode arguments) {
    try {
      return command(command, arguments, LIMIT);
    } catch (IOException broken) {
      throw MicaException.failed("have QEMU do " + command + " at", path, Why.of(broken))
          .because(broken);
    }
  }

  /** One command without arguments. */
  public JsonNode run(String command) {
    return run(command, Records.object());
  }

  /** Like {@link #run}; whether QEMU did it. */
  public boolean tried(String command, ObjectNode arguments) {
    try {
      command(command, arguments, LIMIT);
      return true;
    } catch (Refused no) {
      return false;
    } catch (IOException broken) {
      throw MicaException.failed("have QEMU do " + command + " at", path, Why.of(broken))
          .because(broken);
    }
  }

  /**
   * Waits until an event fits, since this began or to come; whether one did before the deadline.
   */
  boolean await(Predicate<JsonNode> event, Duration limit) {
    long deadline = LineSocket.in(limit);
    try {
      while (true) {
        if (event.test(events.isEmpty() ? next(deadline) : events.remove())) {
          return true;
        }
      }
    } catch (SocketTimeoutException late) {
      return false;
    } catch (IOException broken) {
      throw MicaException.failed("wait for QEMU at", path, Why.of(broken)).because(broken);
    }
  }

  private JsonNode command(String command, ObjectNode arguments, Duration limit)
      throws IOException {
    long deadline = LineSocket.in(limit);
    ObjectNode request = Records.object().put("execute", command);
    request.set("arguments", arguments);
    socket.send(request.toString(), deadline);
    while (true) {
      JsonNode answer = next(deadline);
      if (answer.has("return")) {
        return answer.path("return");
      }
      if (answer.has("error")) {
        throw new Refused(answer.path("error").path("desc").asString("no reason given"));
      }
      if (events.size() == MOST_EVENTS) {
        events.remove();
      }
      events.add(answer);
    }
  }

  private JsonNode next(long deadline) throws IOException {
    try {
      return JsonMapper.shared().readTree(socket.receive(deadline));
    } catch (JacksonException bad) {
      throw new IOException("its answer is not JSON", bad);
    }
  }

  @Override
  public void close() {
    socket.close();
  }
}
