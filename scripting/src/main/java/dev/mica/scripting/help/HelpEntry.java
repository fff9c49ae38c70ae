package dev.mica.scripting.help;

import dev.mica.access.Role;
import dev.mica.scripting.words.UnionWords;
import dev.mica.scripting.words.Words;

/**
 * What the help says of one word, block word, property or method.
 *
 * @param owner the interface that declares it
 * @param name what is typed
 * @param property whether it is read without brackets
 * @param role who may use it
 * @param summary a sentence without its full stop
 * @param example a line that can be typed
 */
public record HelpEntry(
    Class<?> owner, String name, boolean property, Role role, String summary, String example) {
  /** {@code Union.diff()}, {@code folder()}, {@code union { at }}. */
  public String title() {
    String call = property ? name : name + "()";
    if (owner == Words.class) {
      return call;
    }
    return owner == UnionWords.class ? "union { " + name + " }" : Help.typeName(owner) + "." + call;
  }

  /** What its value is in JSON. */
  public String shape() {
    return HelpShapes.of(this);
  }
}
