package dev.mica.schema;

import dev.mica.access.Role;

/**
 * What people may use of a type: a property, a method or a word.
 *
 * @param name what is typed
 * @param property whether it is read without brackets
 * @param role who may use it
 * @param summary a sentence without its full stop
 * @param example a line that can be typed
 */
public record Member(String name, boolean property, Role role, String summary, String example) {
  /** {@code name}, or {@code diff()}. */
  public String call() {
    return property ? name : name + "()";
  }
}
