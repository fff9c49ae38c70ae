package dev.mica.scripting.words;

import groovy.lang.Closure;
import groovy.lang.MissingMethodException;

/** How every word runs its block, so that all blocks behave alike. */
public final class Blocks {
  private Blocks() {}

  /**
   * Runs a copy of {@code block} in which only {@code delegate} answers; returns the delegate.
   * Groovy blames the block for a word nobody knows: it is the delegate that does not know it.
   */
  public static <T> T run(Closure<?> block, T delegate) {
    Closure<?> copy = (Closure<?>) block.clone();
    copy.setDelegate(delegate);
    copy.setResolveStrategy(Closure.DELEGATE_ONLY);
    try {
      copy.call();
    } catch (MissingMethodException missing) {
      throw missing.getType() == copy.getClass()
          ? new MissingMethodException(
              missing.getMethod(), delegate.getClass(), missing.getArguments())
          : missing;
    }
    return delegate;
  }
}
