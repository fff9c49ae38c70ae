package dev.mica.scripting.run;

import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;

/**
 * What is asked while somebody types, and may block: a compiler, a folder on a server that is away.
 * It is answered on another thread, so that the line editor is never lost to it.
 */
public final class Analysis {
  /** Longer than anything takes that comes to an end; Ctrl-C does not wait for it. */
  private static final long LIMIT_SECONDS = 10;

  private Analysis() {}

  /** The answer, or {@code otherwise} if it does not come or the calling thread is interrupted. */
  public static <T> T ask(Supplier<T> question, Supplier<T> otherwise) {
    FutureTask<T> answer = new FutureTask<>(question::get);
    Thread.ofPlatform().daemon().name("mica-analysis").start(answer);
    try {
      return answer.get(LIMIT_SECONDS, TimeUnit.SECONDS);
    } catch (TimeoutException stuck) {
      return otherwise.get();
    } catch (InterruptedException pressed) {
      Thread.currentThread().interrupt();
      return otherwise.get();
    } catch (ExecutionException failed) {
      throw new IllegalStateException(failed.getCause());
    }
  }
}
