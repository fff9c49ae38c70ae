package dev.mica.container;

import java.util.List;
import java.util.Map;

/**
 * A program to be started in a container that runs, besides its own.
 *
 * @param program and its arguments; at least one word
 * @param environment its variables, besides those of the container
 * @param input whether it is to have somebody's input
 * @param terminal whether it has a terminal
 */
public record ExecSpec(
    List<String> program, Map<String, String> environment, boolean input, boolean terminal) {
  /** Copies the lists. */
  public ExecSpec {
    program = List.copyOf(program);
    environment = Map.copyOf(environment);
  }
}
