package dev.mica.shell.serve;

import dev.mica.Mica;
import dev.mica.shell.prompt.Background;
import dev.mica.ssh.Server;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The jobs of a server: those of the one before go on in it. */
record ServerJobs(Mica mica) implements AutoCloseable {
  /** How long jobs may go on when the server ends. */
  private static final long DRAIN_MILLIS = 10_000;

  private static final String SSH = "ssh:";

  /** Takes up what an earlier server, or another process, has left. */
  static ServerJobs takeUp(Mica mica) {
    ServerJobs jobs = new ServerJobs(mica);
    Background.takeUp(mica.jobs(), jobs::of);
    return jobs;
  }

  /** The objects as that one sees them; null if there is no such user any more. */
  private @Nullable Mica of(String owner) {
    if (owner.equals(mica.caller().identity())) {
      return mica;
    }
    Optional<Mica> user =
        owner.startsWith(SSH)
            ? mica.users().find(owner.substring(SSH.length())).map(Server::caller).map(mica::as)
            : Optional.empty();
    return user.orElse(null);
  }

  @Override
  public void close() {
    mica.jobs().leave(DRAIN_MILLIS);
  }
}
