package dev.mica.ssh;

/** Runs what clients ask for. The shell implements it; this package does not know the shell. */
@FunctionalInterface
public interface Receiver {
  /**
   * Runs what was asked for in a channel, on a thread of its own, and returns the exit status. It
   * writes nothing to the client's streams after that.
   */
  int receive(Visit visit) throws Exception;
}
