package dev.mica.shell.prompt;

import dev.mica.Mica;
import dev.mica.background.Job;
import dev.mica.background.JobWork;
import dev.mica.background.Jobs;
import dev.mica.job.Activity;
import dev.mica.shell.attach.Client;
import dev.mica.shell.attach.Streams;
import dev.mica.shell.attach.TerminalFormat;
import dev.mica.shell.command.Conversation;
import dev.mica.shell.command.Detaching;
import dev.mica.shell.print.Output;
import dev.mica.shell.print.Progress;
import dev.mica.shell.print.ProgressLine;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.CancellationException;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Runs commands as jobs, with nobody to read or to type: of the server, which goes on longest, if
 * there is one, else of this process.
 *
 * @param asksServer whether this is no server itself, and asks one first
 */
public record Background(boolean asksServer) implements Detaching {
  private static final int TERM = 15;

  @Override
  public Job start(Mica mica, String what, List<String> words, boolean repeatable) {
    OptionalInt served = asksServer ? served(mica, words) : OptionalInt.empty();
    if (served.isPresent()) {
      return mica.jobs().get(served.getAsInt());
    }
    List<String> again = repeatable ? words : List.of();
    return mica.jobs().start(what, mica.sessions().current(), again, work(mica, words));
  }

  /** The number of the job that the server has begun; empty if it has not begun any. */
  private static OptionalInt served(Mica mica, List<String> words) {
    Path socket = mica.home().resolve("server/socket");
    Path core = Path.of(System.getProperty("mica.core"));
    if (!Files.exists(socket)) {
      return OptionalInt.empty();
    }
    List<String> command = new ArrayList<>();
    command.add(core.resolveSibling("mica-client").toString());
    command.add("/bin/false"); // what is started if no server runs it
    command.addAll(words);
    command.add("&");
    try {
      Process client =
          new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
      client.getOutputStream().close();
      String said = new String(client.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      return client.waitFor() == 0
          ? OptionalInt.of(Integer.parseInt(said.strip()))
          : OptionalInt.empty();
    } catch (IOException none) {
      return OptionalInt.empty();
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
      throw (CancellationException) new CancellationException("cancelled").initCause(stop);
    }
  }

  /** What a job does that runs the command {@code words} for somebody. */
  public static JobWork work(Mica mica, List<String> words) {
    return new Work(mica, words);
  }

  private static final class Work implements JobWork {
    private final Mica mica;
    private final List<String> words;

    // Guarded by this.
    private @Nullable Asked asked;
    private boolean cancelled;

    Work(Mica mica, List<String> words) {
      this.mica = mica;
      this.words = words;
    }

    @Override
    public int run(OutputStream log, Consumer<String> progress) {
      Streams streams = Streams.ofChannel(log, log, TerminalFormat.PLAIN);
      Asked command = new Asked(streams);
      begin(command);
      Output output = new Output(streams.writer(), TerminalFormat.PLAIN, Client.NONE);
      Conversation conversation =
          new Conversation(
              () -> mica,
              streams.out(),
              () -> output,
              line -> streams.err().println("mica: " + line));
      return command.run(() -> command.command(conversation, words, new Told(progress)));
    }

    private synchronized void begin(Asked command) {
      asked = command;
      if (cancelled) {
        command.signals().hear(TERM);
      }
    }

    @Override
    public synchronized void cancel() {
      if (!cancelled && asked != null) {
        asked.signals().hear(TERM);
      }
      cancelled = true;
    }
  }

  /** Tells in words how far it is; the last ones stay, since somebody may ask at any time. */
  private record Told(Consumer<String> to) implements Progress {
    @Override
    public void show(Activity activity) {
      to.accept(ProgressLine.text(activity, Duration.between(activity.started(), Instant.now())));
    }

    @Override
    public void show(String work, Instant started) {
      to.accept(work + ": " + Duration.between(started, Instant.now()).toSeconds() + " s");
    }

    @Override
    public void clear() {
      to.accept("");
    }

    @Override
    public void stop() {
      clear();
    }
  }

  /** Takes up the jobs of a process that has ended, of those who may still have them. */
  public static void takeUp(Jobs jobs, Function<String, @Nullable Mica> owners) {
    jobs.takeUp(resumed -> {
      Mica mica = owners.apply(resumed.owner());
      return mica == null ? null : work(mica, resumed.words());
    });
  }
}
