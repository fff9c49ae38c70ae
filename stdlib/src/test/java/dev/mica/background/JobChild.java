package dev.mica.background;

import dev.mica.access.Caller;
import dev.mica.access.Role;
import dev.mica.state.StateDir;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;

/** A process that runs a job until it is cancelled or killed; ends with it. */
final class JobChild {
  private JobChild() {}

  /** Arguments: the state directory, and the words with which the job can be taken up. */
  public static void main(String[] args) {
    Jobs jobs = new Jobs(StateDir.at(Path.of(args[0])));
    Job job = jobs.start("work", "", List.of(args).subList(1, args.length), new Endless());
    System.out.println(job.id());
    System.exit(job.await().status() == 143 ? 0 : 1);
  }

  /** Somebody who may see only their own. */
  static Jobs of(StateDir state, String user) {
    Caller caller = Caller.of(user, Role.OPERATOR, Path.of("/"), Map.of());
    return new Jobs(caller, new Jobs(state));
  }

  /** Says that it works, and works until it is cancelled. */
  static final class Endless implements JobWork {
    private final CountDownLatch cancelled = new CountDownLatch(1);

    @Override
    public int run(OutputStream log, Consumer<String> progress) {
      try {
        log.write("working\n".getBytes(StandardCharsets.UTF_8));
        progress.accept("half way");
        cancelled.await();
        return 143;
      } catch (IOException | InterruptedException never) {
        throw new IllegalStateException(never);
      }
    }

    @Override
    public void cancel() {
      cancelled.countDown();
    }
  }
}
