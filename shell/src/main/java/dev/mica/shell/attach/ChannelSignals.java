package dev.mica.shell.attach;

import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The signals that somebody at the other end of a channel sends: for what is attached there, and
 * otherwise for whatever runs.
 */
public final class ChannelSignals {
  private final IntConsumer otherwise;
  private volatile @Nullable IntConsumer attached;

  /** {@code otherwise} hears of those that nothing attached is to have. */
  public ChannelSignals(IntConsumer otherwise) {
    this.otherwise = otherwise;
  }

  /** One has come; {@code number} is what Linux calls it. */
  public void hear(int number) {
    IntConsumer here = attached;
    (here == null ? otherwise : here).accept(number);
  }

  /** From now on they are for {@code what}; null: for nothing attached. */
  void to(@Nullable IntConsumer what) {
    attached = what;
  }
}
