package dev.mica.shell.serve;

import dev.mica.Mica;
import dev.mica.access.Role;
import dev.mica.local.LocalServer;
import dev.mica.local.ServiceManager;
import dev.mica.shell.command.Invocation;
import dev.mica.ssh.Server;
import dev.mica.ssh.Settings;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import org.jline.utils.Signals;

/** The process of {@code mica serve}: it prints where it listens, and ends at a signal. */
public final class Serve {
  /** The signals that a service manager, a terminal, and the end of a terminal send. */
  private static final List<String> ENDING = List.of("TERM", "INT", "HUP");

  private Serve() {}

  /** Serves until one of these signals; the exit status. */
  public static int run(
      Mica mica, String listen, boolean compatible, Set<Role> recorded, Invocation.Talk talk) {
    Settings settings = Settings.of(listen, compatible, recorded);
    CountDownLatch over = new CountDownLatch(1);
    try (Server server =
            mica.caller()
                .change(
                    Role.ADMIN,
                    "serve at",
                    listen,
                    () -> Server.start(mica, settings, new Visits()));
        ServerJobs _ = ServerJobs.takeUp(mica);
        LocalServer local = LocalServer.start(mica.users().serverFolder(), new LocalVisits(mica));
        ServiceManager manager = ServiceManager.ofProcess(talk::say)) {
      ENDING.forEach(name -> Signals.register(name, over::countDown));
      talk.say("serving at " + server.address() + ", with the key " + server.fingerprint());
      manager.ready(
          "serving at " + server.address(),
          limit -> {
            server.requireAnswer(limit.dividedBy(2));
            local.requireAnswer(limit.dividedBy(2));
          });
      over.await();
      manager.stopping("ending, once the commands that run have");
      talk.say("ending, once the commands that run have");
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
      throw new CancellationException("cancelled");
    }
    return 0;
  }
}
