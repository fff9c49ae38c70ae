package dev.mica.shell.attach;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicInteger;
import org.jline.utils.Signals;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(300)
final class SignalBarrierTest {
  /** Not the one of Ctrl-C: a process that runs in the background is born deaf to that. */
  private static final String SIGNAL = "ALRM";

  @Test
  void whatCameIsHeardWhenItHasSettled() throws Exception {
    AtomicInteger heard = new AtomicInteger();
    Object before =
        Signals.register(
            SIGNAL,
            () -> {
              // Takes long enough that nobody hears it who does not wait for it.
              double sum = 0;
              for (int i = 1; i < 20_000; i++) {
                sum += Math.sin(i);
              }
              assertThat(sum).isNotNaN();
              heard.incrementAndGet();
            });
    try {
      SignalBarrier barrier = new SignalBarrier(SIGNAL);
      for (int sent = 1; sent <= 500; sent++) {
        interrupt();
        barrier.settle();
        assertThat(heard).hasValue(sent);
      }
    } finally {
      Signals.unregister(SIGNAL, before);
    }
  }

  private static void interrupt() throws Exception {
    Class<?> signal = Class.forName("sun.misc.Signal");
    signal
        .getMethod("raise", signal)
        .invoke(null, signal.getConstructor(String.class).newInstance(SIGNAL));
  }
}
