package dev.mica.ssh;

import dev.mica.Mica;
import dev.mica.access.Caller;
import dev.mica.access.Door;
import dev.mica.access.Role;
import dev.mica.session.Served;
import dev.mica.user.User;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.apache.sshd.server.channel.ChannelSession;
import org.apache.sshd.server.command.Command;
import org.apache.sshd.server.command.CommandFactory;
import org.apache.sshd.server.shell.ShellFactory;
import org.apache.sshd.server.subsystem.SubsystemFactory;

/** Makes what runs in a channel, with the rights of the user whose session it is. */
final class Channels implements CommandFactory, ShellFactory {
  private final Mica mica;
  private final Receiver receiver;
  private final Path folder;
  private final Set<Role> recorded;
  private final Set<ChannelCommand> running = ConcurrentHashMap.newKeySet();
  private volatile boolean draining;

  /**
   * Makes them for users.
   *
   * @param mica the objects as an admin sees them
   * @param folder where the histories of the users lie
   * @param recorded the roles whose terminals are recorded
   */
  Channels(Mica mica, Receiver receiver, Path folder, Set<Role> recorded) {
    this.mica = mica;
    this.receiver = receiver;
    this.folder = folder;
    this.recorded = recorded;
  }

  @Override
  public Command createCommand(ChannelSession channel, String command) {
    return command(channel, Optional.of(command));
  }

  @Override
  public Command createShell(ChannelSession channel) {
    return command(channel, Optional.empty());
  }

  /** What runs the subsystem {@code sftp}. */
  SubsystemFactory sftp() {
    return new SubsystemFactory() {
      @Override
      public String getName() {
        return "sftp";
      }

      @Override
      public Command createSubsystem(ChannelSession channel) {
        boolean forced = Logins.of(channel.getSession()).command().isPresent();
        return forced
            ? command(channel, receiver, Optional.of(getName()), false)
            : command(channel, Sftp::serve, Optional.empty(), true);
      }
    };
  }

  private Command command(ChannelSession channel, Optional<String> asked) {
    return command(channel, receiver, asked, false);
  }

  /**
   * A key or certificate with a command runs it always; the command can read what was asked for.
   */
  private Command command(
      ChannelSession channel, Receiver by, Optional<String> asked, boolean files) {
    Login login = Logins.of(channel.getSession());
    Door door = Logins.door(channel.getSession(), login.key());
    Optional<String> forced = login.command();
    Map<String, String> more =
        forced.isPresent() && asked.isPresent()
            ? Map.of("SSH_ORIGINAL_COMMAND", asked.get())
            : Map.of();
    return new ChannelCommand(
        this,
        by,
        channel.getSession(),
        variables -> mica.as(caller(login.user(), variables, more).by(door)),
        forced.or(() -> asked),
        files,
        login.user().recorded() || recorded.contains(login.user().role()),
        folder.resolve("history-" + login.user().name()));
  }

  /** The user when nobody is connected. */
  static Caller caller(User user) {
    return caller(user, Map.of(), Map.of());
  }

  private static Caller caller(User user, Map<String, String> sent, Map<String, String> more) {
    Path home = home(user);
    Map<String, String> variables = new HashMap<>(sent);
    variables.putAll(more);
    variables.put("HOME", home.toString());
    variables.put("USER", user.name());
    variables.put("LOGNAME", user.name());
    return Caller.of(user.name(), user.role(), home, variables, user.roots());
  }

  /** The user's first root; for an admin without a root, the folder of this process. */
  private static Path home(User user) {
    if (!user.roots().isEmpty()) {
      return user.roots().getFirst();
    }
    Path own = Path.of(System.getProperty("user.home", "/"));
    boolean usable = user.role() == Role.ADMIN && own.isAbsolute() && Files.isDirectory(own);
    return usable ? own : Path.of("/");
  }

  /** Whether it may begin: the server is not ending. */
  boolean begins(ChannelCommand command) {
    running.add(command);
    if (draining) {
      running.remove(command);
    }
    return !draining;
  }

  /** It is a session from now on. */
  void enter(Served served) {
    mica.sessions().enter(served);
  }

  /** It is none any more. */
  void leave(Served served, int status) {
    mica.sessions().leave(served, status);
  }

  void ended(ChannelCommand command) {
    running.remove(command);
  }

  /** Lets nothing begin any more, ends conversations, and waits for commands. */
  void drain(long millis) {
    draining = true;
    running.stream().filter(ChannelCommand::isConversation).forEach(ChannelCommand::leave);
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
    try {
      for (ChannelCommand command :
          running.stream().filter(each -> !each.isConversation()).toList()) {
        command.join(Math.max(1, (deadline - System.nanoTime()) / 1_000_000));
      }
      running.forEach(ChannelCommand::leave);
    } catch (InterruptedException hurry) {
      Thread.currentThread().interrupt();
    }
  }
}
