package dev.mica.container;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A program to be started in a container that runs, besides its own.
 *
 * @param program and its arguments; at least one word
 * @param environment its variables, besides those of the container
 * @param input whether it is to have somebody's input
 * @param terminal whether it has a terminal
 * @param user its user, written as for the container's own program; null: the same
 * @param folder its working folder, absolute; null: that of the container's own program
 */
public record ExecSpec(
    List<String> program,
    Map<String, String> environment,
    boolean input,
    boolean terminal,
    @Nullable String user,
    @Nullable String folder) {
  /** Copies the lists. */
  public ExecSpec {
    program = List.copyOf(program);
    environment = Map.copyOf(environment);
  }

  /** One of the user that the container's own program has, in the same folder. */
  public ExecSpec(
      List<String> program, Map<String, String> environment, boolean input, boolean terminal) {
    this(program, environment, input, terminal, null, null);
  }
}
