package dev.mica.local;

import dev.mica.core.Core;
import dev.mica.failure.MicaException;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The service manager of this host, such as systemd, if it has started this process and wants to
 * know how it is (sd_notify(3)). The launcher takes its variables out of the environment, so that
 * nothing that the server starts can answer for it.
 */
public final class ServiceManager implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ServiceManager.class);

  /** What fails if the service does not answer within that time. */
  @FunctionalInterface
  public interface Check {
    /** Asks it. */
    void within(Duration limit) throws IOException;
  }

  private final String address;
  private final Duration interval;
  private final Consumer<String> say;
  private final ScheduledExecutorService watching =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("mica-watchdog").factory());
  private boolean unheard;

  /**
   * One that is told at {@code address}.
   *
   * @param address where it listens; "" if there is none
   * @param interval it ends a service that has not told for so long that it is well; zero: never
   * @param say what is called with a line for people if it cannot be told
   */
  public ServiceManager(String address, Duration interval, Consumer<String> say) {
    this.address = address;
    this.interval = interval;
    this.say = say;
  }

  /** The one that the launcher names. */
  public static ServiceManager ofProcess(Consumer<String> say) {
    return new ServiceManager(
        System.getProperty("mica.notify", ""), interval(Long.getLong("mica.watchdog", 0)), say);
  }

  private static Duration interval(long microseconds) {
    return Duration.of(Math.max(0, microseconds), java.time.temporal.ChronoUnit.MICROS);
  }

  /** The service has begun. From now on it is asked whether it is well, if that is wanted. */
  public void ready(String status, Check check) {
    tell("READY=1\nSTATUS=" + status);
    if (!address.isEmpty() && interval.isPositive()) {
      long half = Math.max(1, interval.dividedBy(2).toNanos());
      Duration limit = Duration.ofNanos(half);
      var _ =
          watching.scheduleAtFixedRate(
              () -> watch(status, check, limit), 0, half, TimeUnit.NANOSECONDS);
    }
  }

  private void watch(String status, Check check, Duration limit) {
    try {
      check.within(limit);
      tell("WATCHDOG=1\nSTATUS=" + status);
    } catch (IOException | RuntimeException silent) {
      LOG.error("the server does not answer", silent);
      tell("STATUS=does not answer: " + String.valueOf(silent.getMessage()).replace('\n', ' '));
    }
  }

  /** The service ends. */
  public void stopping(String status) {
    watching.shutdownNow();
    tell("STOPPING=1\nSTATUS=" + status);
  }

  /** The service goes on if this fails: people are told once. */
  private synchronized void tell(String message) {
    if (address.isEmpty()) {
      return;
    }
    try {
      Core.notify(address, message);
      unheard = false;
    } catch (MicaException failed) {
      if (!unheard) {
        say.accept(failed.getMessage() + "; the server goes on");
      }
      unheard = true;
    }
  }

  @Override
  public void close() {
    watching.shutdownNow();
  }
}
