package dev.mica.shell.prompt;

import dev.mica.shell.attach.ChannelSignals;
import dev.mica.shell.attach.Streams;
import dev.mica.shell.command.Conversation;
import dev.mica.shell.print.Cells;
import dev.mica.shell.print.Progress;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * What somebody at the other end of a channel has asked for, from its beginning to its exit status.
 * It belongs to the thread that made it, which a signal interrupts if nothing attached takes it.
 */
public final class Asked {
  private static final int SIGNALLED = 128;

  private final Streams streams;
  private final Errors errors;
  private final Thread working = Thread.currentThread();
  private final AtomicInteger signal = new AtomicInteger();
  private final ChannelSignals signals =
      new ChannelSignals(number -> {
        signal.set(number);
        working.interrupt();
      });

  private volatile @Nullable Program program;
  private volatile @Nullable Progress shown;

  /** By the calling thread, over these streams. */
  public Asked(Streams streams) {
    this.streams = streams;
    this.errors = new Errors(streams.err(), "mica: ");
  }

  /** Where it prints. */
  public Streams streams() {
    return streams;
  }

  /** Takes the signals that are sent to it. */
  public ChannelSignals signals() {
    return signals;
  }

  /** What runs, without what could be secret; "" if that is not known. Any thread may ask. */
  public String running() {
    Program now = program;
    return now == null ? "" : now.running();
  }

  /** Shows what somebody else says, behind what has been printed. Any thread may call it. */
  public void say(String line) {
    Progress progress = shown;
    if (progress != null) {
      progress.clear();
    }
    streams.err().println("mica: " + Cells.printable(line));
  }

  /** They have left, and nobody takes what it prints. */
  public void leave() {
    working.interrupt();
  }

  /** The exit status; 128 plus the number of the signal, if a signal has ended it. */
  public int run(Callable<Integer> what) {
    int status = guard(what);
    int late = guard(() -> streams.close(0));
    int ended = status == 0 ? late : status;
    return signal.get() == 0 ? ended : SIGNALLED + signal.get();
  }

  /** Runs a command as a process of its own would. */
  public int command(Conversation conversation, List<String> words, @Nullable Progress progress) {
    String name = Conversation.nameOf(words);
    try (Program work = new Program(streams, progress, name)) {
      program = work;
      shown = progress;
      int status = guard(() -> work.run(() -> conversation.command(words)));
      int late = guard(work::awaitThreads);
      return status == 0 ? late : status;
    }
  }

  private int guard(Callable<Integer> work) {
    try {
      return work.call();
    } catch (InterruptedException cancelled) {
      return 1; // by a signal, or they left: both know
    } catch (Throwable failure) {
      return errors.report(failure);
    }
  }
}
