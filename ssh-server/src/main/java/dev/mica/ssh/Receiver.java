package dev.mica.ssh;

/** What is done for those who come in: the shell has it, which the door does not know. */
@FunctionalInterface
public interface Receiver {
  /**
   * Does what {@code visit} is for, on a thread of its own, and returns the exit status. It writes
   * nothing to the visitor's streams after that.
   */
  int receive(Visit visit) throws Exception;
}
