package dev.mica.container;

import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import dev.mica.vm.Machine;
import dev.mica.vm.agent.Agent;
import dev.mica.vm.stream.Attachable;
import dev.mica.vm.stream.ProcessStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Starts programs in a container besides its own. Each has a port of its own for its streams, which
 * is another's when it has ended. Which port is free is asked of the guest and of QEMU.
 */
final class Exec {
  private static final String DOING = "run a program in the VM";
  private static final String PORT = "dev.mica.stream.";

  /** The first one is the container's own program's. */
  private static final int PORTS = 60;

  /** What a program may say that is run for its words. */
  private static final int MOST_WORDS = 64 << 20;

  private final Runner runner;

  Exec(Runner runner) {
    this.runner = runner;
  }

  /** With the VM locked, so that nobody else takes the same port. */
  Attachable start(ExecSpec spec) {
    VmRecord vm = runner.vm();
    String whose = spec.user() == null ? vm.user() : spec.user();
    String folder = spec.folder() == null ? vm.folder() : spec.folder();
    return start(
        "run a program in",
        spec.program().getFirst(),
        new Ends(spec.input(), spec.terminal()),
        (agent, id, streams) -> {
          Agent.User user = Users.find(agent, DOING, vm.name(), vm.id(), whose);
          agent.file(
              vm.id(), "exec-" + id + ".json", RuntimeConfig.process(vm, spec, user, folder));
          start(agent, id, streams, spec.program().getFirst(), folder);
        });
  }

  /** Has what lies at a path in the container written as a tar to an output. */
  Attachable send(String path) {
    String id = runner.vm().id();
    return start(
        "copy from",
        "the copying of " + path,
        new Ends(false, false),
        (agent, number, streams) -> {
          long _ = agent.send(id, number, path, streams).await();
        });
  }

  /** Has a tar that is its input put to a path in the container. */
  Attachable receive(String path, boolean into) {
    String id = runner.vm().id();
    return start(
        "copy to",
        "the copying to " + path,
        new Ends(true, false),
        (agent, number, streams) -> {
          long _ = agent.receive(id, number, path, into, streams).await();
        });
  }

  /** Has the files of the container served, to whoever has its streams. */
  Attachable files() {
    String id = runner.vm().id();
    return start(
        "use the files of",
        "what serves the files",
        new Ends(true, false),
        (agent, number, streams) -> {
          long _ = agent.files(id, number, streams).await();
        });
  }

  /** Whether a process has an input, and whether a terminal. */
  private record Ends(boolean input, boolean terminal) {}

  /** Asks the agent to start it. */
  private interface Starting {
    void start(Agent agent, String id, Agent.Streams streams);
  }

  private Attachable start(String doing, String what, Ends ends, Starting starting) {
    runner.status().requireRunning(doing);
    VmRecord vm = runner.vm();
    Machine machine = runner.machine();
    try (Agent agent = machine.agent()) {
      int number = free(agent, machine);
      String port = PORT + number;
      ProcessStream stream =
          ProcessStream.ofPort(machine.plugPort(port), what + " in the VM " + vm.name());
      boolean done = false;
      try {
        Agent.Streams streams = new Agent.Streams(port, stream.token(), ends.terminal());
        starting.start(agent, Integer.toString(number), streams);
        begin(stream);
        done = true;
        return new Attachable(stream, ends.input(), ends.terminal(), false);
      } finally {
        if (!done) {
          stream.close();
        }
      }
    }
  }

  private void start(Agent agent, String id, Agent.Streams streams, String program, String folder) {
    VmRecord vm = runner.vm();
    try {
      long _ = agent.exec(vm.id(), id, streams).await();
    } catch (MicaException failure) {
      throw Unstarted.of(DOING, vm.name(), program, folder, failure);
    }
  }

  private static void begin(ProcessStream stream) {
    try {
      stream.begin();
    } catch (IOException gone) {
      throw MicaException.failed("attach to", stream, Why.of(gone)).because(gone);
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
      throw MicaException.failed("attach to", stream, "interrupted").because(stop);
    }
  }

  private int free(Agent agent, Machine machine) {
    Set<String> taken = new TreeSet<>(machine.busyPorts());
    for (Map<String, String> fact : agent.list()) {
      String port = fact.get("port");
      if (port != null) {
        taken.add(port);
      }
    }
    for (int i = 1; i <= PORTS; i++) {
      if (!taken.contains(PORT + i)) {
        return i;
      }
    }
    throw MicaException.failed(DOING, runner.vm().name(), PORTS + " are run in it already");
  }

  /** Runs it to its end, for its words. */
  static Ran run(Attachable process) {
    Words out = new Words();
    Words errors = new Words();
    try (ProcessStream stream = process.stream()) {
      boolean _ = stream.endInput();
      ProcessStream.Exit exit = stream.run(out, errors);
      return new Ran(exit.shellStatus(), out.text(), errors.text());
    } catch (IOException tooMany) {
      throw MicaException.failed("take the output of", process.stream(), Why.of(tooMany))
          .because(tooMany);
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
      throw MicaException.failed("wait for", process.stream(), "interrupted").because(stop);
    }
  }

  /** As many as are kept. */
  private static final class Words extends ByteArrayOutputStream {
    @Override
    public synchronized void write(byte[] bytes, int offset, int length) {
      if (count + length > MOST_WORDS) {
        throw MicaException.failed("keep", "the output", "it has more than 64 MiB")
            .hint("write it to a file in the container, or use mica vm exec");
      }
      super.write(bytes, offset, length);
    }

    String text() {
      return toString(StandardCharsets.UTF_8);
    }
  }
}
