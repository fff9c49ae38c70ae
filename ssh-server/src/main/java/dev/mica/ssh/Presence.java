package dev.mica.ssh;

import dev.mica.access.Caller;
import dev.mica.session.Served;
import dev.mica.session.Shown;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** What others may know of a channel, and do to it. */
final class Presence implements Served {
  private final ChannelCommand of;
  private final Kind kind;
  private final Caller caller;
  private final Optional<Shown> shown;
  private final boolean records;
  private final Events events;
  private volatile Supplier<String> running = () -> "";
  private volatile @Nullable Consumer<String> show;
  private volatile long heard = System.nanoTime();

  Presence(
      ChannelCommand of,
      Kind kind,
      Caller caller,
      Optional<Visit.Screen> screen,
      boolean records,
      Events events) {
    this.of = of;
    this.kind = kind;
    this.caller = caller;
    this.shown = screen.map(at -> new Shown(at.type(), at.size().columns(), at.size().rows()));
    this.records = records;
    this.events = events;
  }

  /** Whoever is recorded is told so. */
  void begin(OutputStream out) throws IOException {
    if (shown.isPresent() && records) {
      out.write("mica: this session is recorded\r\n".getBytes(StandardCharsets.UTF_8));
      out.flush();
    }
  }

  /** What the client sends; it is noted when it has. */
  InputStream in(InputStream from) {
    return new Heard(from);
  }

  /** What the client is sent; of a terminal others may see it. */
  OutputStream out(OutputStream to) {
    return shown.map(here -> here.through(to)).orElse(to);
  }

  void resized(Visit.Size size) {
    shown.ifPresent(here -> here.resized(size.columns(), size.rows()));
  }

  void runs(Supplier<String> what) {
    running = what;
  }

  void shows(Consumer<String> how) {
    show = how;
  }

  @Override
  public Caller caller() {
    return caller;
  }

  @Override
  public Kind kind() {
    return kind;
  }

  @Override
  public Optional<Shown> shown() {
    return shown;
  }

  @Override
  public boolean records() {
    return records;
  }

  @Override
  public Duration idle() {
    return Duration.ofNanos(System.nanoTime() - heard);
  }

  @Override
  public String running() {
    return running.get();
  }

  @Override
  public boolean say(String line) {
    Consumer<String> how = show;
    return how != null && events.tell(() -> how.accept(line));
  }

  @Override
  public void end(String why) {
    of.end(why);
  }

  private final class Heard extends FilterInputStream {
    Heard(InputStream stream) {
      super(stream);
    }

    @Override
    public int read() throws IOException {
      int got = in.read();
      heard = System.nanoTime();
      return got;
    }

    @Override
    public int read(byte[] into, int offset, int length) throws IOException {
      int got = in.read(into, offset, length);
      heard = System.nanoTime();
      return got;
    }
  }
}
