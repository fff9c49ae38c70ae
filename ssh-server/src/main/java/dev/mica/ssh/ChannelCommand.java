package dev.mica.ssh;

import dev.mica.Mica;
import dev.mica.session.Served;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.apache.sshd.server.Environment;
import org.apache.sshd.server.ExitCallback;
import org.apache.sshd.server.Signal;
import org.apache.sshd.server.channel.ChannelSession;
import org.apache.sshd.server.command.Command;
import org.apache.sshd.server.session.ServerSession;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What runs in one channel, in the form in which the library runs it. */
final class ChannelCommand implements Command, Visit {
  private static final Logger LOG = LoggerFactory.getLogger(ChannelCommand.class);
  private static final Size USUAL = new Size(80, 24);
  private static final int MOST_COLUMNS = 1000;
  private static final int MOST_ROWS = 500;
  private static final int FAILED = 1;

  /** How long a client may take to be told why its session ends, and that may take to end. */
  private static final Duration TELLING = Duration.ofSeconds(1);

  private static final Duration ENDING = Duration.ofSeconds(3);

  /** The numbers of the signals that the library names. Other signals are not passed on. */
  private static final Map<Signal, Integer> NUMBERS =
      Map.of(
          Signal.HUP,
          1,
          Signal.INT,
          2,
          Signal.QUIT,
          3,
          Signal.KILL,
          9,
          Signal.USR1,
          10,
          Signal.USR2,
          12,
          Signal.TERM,
          15);

  private final Channels channels;
  private final Receiver receiver;
  private final ServerSession session;
  private final Function<Map<String, String>, Mica> opened;
  private final Optional<String> command;
  private final boolean files;
  private final boolean recorded;
  private final Path history;
  private final Events events = new Events();
  private final CountDownLatch over = new CountDownLatch(1);

  private @Nullable InputStream in;
  private @Nullable OutputStream out;
  private @Nullable OutputStream err;
  private @Nullable ExitCallback exit;
  private @Nullable Mica mica;
  private @Nullable Environment environment;
  private @Nullable Presence presence;
  private volatile boolean ended;

  // Guarded by this.
  private @Nullable Runnable leaving;
  private boolean left;

  ChannelCommand(
      Channels channels,
      Receiver receiver,
      ServerSession session,
      Function<Map<String, String>, Mica> opened,
      Optional<String> command,
      boolean files,
      boolean recorded,
      Path history) {
    this.channels = channels;
    this.receiver = receiver;
    this.session = session;
    this.opened = opened;
    this.command = command;
    this.files = files;
    this.recorded = recorded;
    this.history = history;
  }

  @Override
  public void setInputStream(InputStream stream) {
    in = stream;
  }

  @Override
  public void setOutputStream(OutputStream stream) {
    out = stream;
  }

  @Override
  public void setErrorStream(OutputStream stream) {
    err = stream;
  }

  @Override
  public void setExitCallback(ExitCallback callback) {
    exit = callback;
  }

  @Override
  public void start(ChannelSession channel, Environment given) {
    environment = given;
    Map<String, String> variables = new HashMap<>(given.getEnv());
    variables.keySet().removeAll(java.util.List.of(Environment.ENV_COLUMNS, Environment.ENV_LINES));
    mica = opened.apply(variables);
    presence = new Presence(this, kind(), mica.caller(), screen(), recorded, events);
    events.start();
    Thread.ofPlatform().daemon().name("mica-ssh").start(this::work);
  }

  private void work() {
    int status = FAILED;
    channels.enter(presence());
    try {
      if (channels.begins(this)) {
        presence().begin(out());
        status = receiver.receive(this);
      } else {
        err().write("mica: the server is ending\n".getBytes(StandardCharsets.UTF_8));
      }
      boolean _ = Thread.interrupted(); // whoever interrupted it meant what it did
      out().flush();
      err().flush();
    } catch (IOException gone) {
      LOG.debug("the client has disconnected", gone);
    } catch (Exception | Error failure) {
      LOG.error("a command or a conversation has failed", failure);
    } finally {
      events.end();
      channels.leave(presence(), ended ? FAILED : status);
      channels.ended(this);
      over.countDown();
      if (!ended) { // else the client is told why first
        Objects.requireNonNull(exit).onExit(status);
      }
    }
  }

  private Presence presence() {
    return Objects.requireNonNull(presence);
  }

  private Served.Kind kind() {
    if (files) {
      return Served.Kind.SFTP;
    }
    return command.isPresent()
        ? Served.Kind.COMMAND
        : screen().isPresent() ? Served.Kind.PROMPT : Served.Kind.PIPE;
  }

  /** Called when the channel is closed, by either side. */
  @Override
  public void destroy(ChannelSession channel) {
    leave();
  }

  /** Ends it early. */
  void leave() {
    Runnable told;
    synchronized (this) {
      told = left ? null : leaving;
      left = true;
    }
    if (told != null) {
      told.run();
    }
  }

  /** A client that takes nothing cannot be told, and is disconnected if that is the only way. */
  void end(String why) {
    ended = true;
    var _ = Thread.ofVirtual().start(() -> endNow(why));
  }

  private void endNow(String why) {
    Thread telling = Thread.ofVirtual().start(() -> tell("mica: " + why));
    leave();
    try {
      boolean _ = telling.join(TELLING);
      Objects.requireNonNull(exit).onExit(FAILED);
      if (!over.await(ENDING.toMillis(), TimeUnit.MILLISECONDS)) {
        LOG.warn(
            "a session of {} does not end: its client is disconnected", mica().caller().user());
        var _ = session.close(true);
      }
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
    }
  }

  private void tell(String line) {
    try {
      String end = screen().isPresent() ? "\r\n" : "\n";
      err().write((line + end).getBytes(StandardCharsets.UTF_8));
      err().flush();
    } catch (IOException gone) {
      LOG.debug("the client has disconnected", gone);
    }
  }

  boolean isConversation() {
    return command.isEmpty();
  }

  void join(long millis) throws InterruptedException {
    boolean _ = over.await(millis, TimeUnit.MILLISECONDS);
  }

  @Override
  public Mica mica() {
    return Objects.requireNonNull(mica);
  }

  @Override
  public Optional<String> command() {
    return command;
  }

  @Override
  public Optional<Screen> screen() {
    Map<String, String> variables = Objects.requireNonNull(environment).getEnv();
    return Optional.ofNullable(variables.get(Environment.ENV_TERM))
        .map(type -> new Screen(type, size(variables)));
  }

  private static Size size(Map<String, String> variables) {
    int columns = number(variables.get(Environment.ENV_COLUMNS));
    int rows = number(variables.get(Environment.ENV_LINES));
    return columns <= 0 || rows <= 0
        ? USUAL
        : new Size(Math.min(columns, MOST_COLUMNS), Math.min(rows, MOST_ROWS));
  }

  /** An unsigned number of 32 bits is negative here if it is above 2,147,483,647. */
  private static int number(@Nullable String text) {
    int number = text == null ? 0 : Integer.parseInt(text);
    return number < 0 ? Integer.MAX_VALUE : number;
  }

  @Override
  public InputStream in() {
    return presence().in(Objects.requireNonNull(in));
  }

  @Override
  public OutputStream out() {
    return presence().out(Objects.requireNonNull(out));
  }

  @Override
  public OutputStream err() {
    return Objects.requireNonNull(err);
  }

  @Override
  public Path history() {
    return history;
  }

  @Override
  public void onSignal(Consumer<Integer> hear) {
    Objects.requireNonNull(environment)
        .addSignalListener(
            (channel, signal) -> {
              Integer number = NUMBERS.get(signal);
              if (number != null) {
                boolean _ = events.tell(() -> hear.accept(number));
              }
            },
            NUMBERS.keySet());
  }

  @Override
  public void onResize(Consumer<Size> hear) {
    Environment told = Objects.requireNonNull(environment);
    told.addSignalListener(
        (channel, signal) -> {
          boolean _ =
              events.tell(() -> {
                Size size = size(told.getEnv());
                presence().resized(size);
                hear.accept(size);
              });
        },
        java.util.List.of(Signal.WINCH));
  }

  @Override
  public void onAsk(Supplier<String> what) {
    presence().runs(what);
  }

  @Override
  public void onMessage(Consumer<String> show) {
    presence().shows(show);
  }

  @Override
  public void onLeave(Runnable leave) {
    boolean gone;
    synchronized (this) {
      gone = left;
      leaving = leave;
    }
    if (gone) {
      leave.run();
    }
  }
}
