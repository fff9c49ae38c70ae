package dev.mica.background;

import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import java.io.IOException;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.util.concurrent.CancellationException;
import java.util.concurrent.TimeUnit;

/**
 * Hears of what the process of a job does in the job's folder: it prints, says how far it is, and
 * tidies up at its end.
 */
final class JobWatch implements AutoCloseable {
  /** A process that was killed does nothing at its end. */
  private static final long LONGEST_MILLIS = 1_000;

  private final Path folder;
  private final WatchService service;

  private JobWatch(Path folder, WatchService service) {
    this.folder = folder;
    this.service = service;
  }

  /** Begins to hear; whoever looks afterwards misses nothing. */
  static JobWatch of(Path folder) {
    try {
      WatchService service = folder.getFileSystem().newWatchService();
      WatchKey _ =
          folder.register(
              service,
              StandardWatchEventKinds.ENTRY_CREATE,
              StandardWatchEventKinds.ENTRY_MODIFY,
              StandardWatchEventKinds.ENTRY_DELETE);
      return new JobWatch(folder, service);
    } catch (IOException broken) {
      throw MicaException.failed("watch", folder, Why.of(broken)).because(broken);
    }
  }

  /** Waits until something has happened there, or for a second. */
  void await() {
    try {
      WatchKey key = service.poll(LONGEST_MILLIS, TimeUnit.MILLISECONDS);
      if (key != null) {
        key.pollEvents();
        boolean _ = key.reset();
      }
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
      throw (CancellationException) new CancellationException("cancelled").initCause(stop);
    }
  }

  @Override
  public void close() {
    try {
      service.close();
    } catch (IOException broken) {
      throw MicaException.failed("stop watching", folder, Why.of(broken)).because(broken);
    }
  }
}
