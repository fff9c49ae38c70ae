package dev.mica.scripting.help;

import dev.mica.access.Role;
import dev.mica.schema.Descriptor;
import dev.mica.schema.Member;

/**
 * What the help says of one word, block word, property or method.
 *
 * @param type the type that it belongs to
 * @param member itself
 */
public record HelpEntry(Descriptor<?> type, Member member) {
  /** The interface or class that it stands under. */
  public Class<?> owner() {
    return type.face();
  }

  /** What is typed. */
  public String name() {
    return member.name();
  }

  /** Whether it is read without brackets. */
  public boolean property() {
    return member.property();
  }

  /** Who may use it. */
  public Role role() {
    return member.role();
  }

  /** A sentence without its full stop. */
  public String summary() {
    return member.summary();
  }

  /** A line that can be typed. */
  public String example() {
    return member.example();
  }

  /** {@code Union.diff()}, {@code folder()}, {@code union { at }}. */
  public String title() {
    return type.title().apply(member);
  }
}
