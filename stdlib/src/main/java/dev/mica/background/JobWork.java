package dev.mica.background;

import java.io.OutputStream;
import java.util.function.Consumer;

/** What a job does. */
public interface JobWork {
  /**
   * Does it, on a thread of its own.
   *
   * @param log what it prints is kept there
   * @param progress may be told how far it is, in a few words
   * @return the exit status; above 128 if it was cancelled
   */
  int run(OutputStream log, Consumer<String> progress);

  /** Makes it end soon. Any thread may call this, also before it begins and after it has ended. */
  void cancel();
}
