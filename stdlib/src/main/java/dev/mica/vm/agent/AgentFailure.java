package dev.mica.vm.agent;

/** The cause of a failure that the agent answered with, in the words of the protocol. */
public final class AgentFailure extends Exception {
  private static final long serialVersionUID = 1L;

  private final String verb;
  private final String errno;
  private final String step;
  private final String note;

  AgentFailure(String verb, String errno, String step, String note) {
    super(verb + ": " + step + ": " + errno + (note.isEmpty() ? "" : ": " + note));
    this.verb = verb;
    this.errno = errno;
    this.step = step;
    this.note = note;
  }

  /** What the agent was asked for. */
  public String verb() {
    return verb;
  }

  /** The error's name: {@code ENOENT}. */
  public String errno() {
    return errno;
  }

  /** What it was at; "" where it does not say. */
  public String step() {
    return step;
  }

  /** What else it said; "" where nothing. */
  public String note() {
    return note;
  }
}
