package dev.mica.scripting.run;

import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A language over the objects of one session. Evaluation and analysis are apart: {@link
 * #isIncomplete} and {@link #complete} read, they never run anything.
 */
public interface ScriptEngine {
  /**
   * Runs {@code source} and returns its value.
   *
   * @throws ScriptException if it is wrong or fails
   * @throws Cancelled if {@link Evaluation#cancel} was called
   */
  @Nullable Object evaluate(String source);

  /** Runs a file with {@code args}; fails like {@link #evaluate}. */
  @Nullable Object run(Path file, List<String> args);

  /** Runs a script that is called {@code name} in messages; fails like {@link #evaluate}. */
  @Nullable Object run(String name, String source, List<String> args);

  /** Whether {@code source} ends in the middle of something, so that more lines must follow. */
  boolean isIncomplete(String source);

  /** What may stand at {@code cursor}, the likeliest first; at most what 100 ms find. */
  List<Candidate> complete(String source, int cursor);

  /** Loads what the first evaluation needs; safe to call from another thread. */
  void warm();
}
