package dev.mica.schema;

import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * All there is to say of one type. Printer, completion, help and commands read it, and hold no list
 * of types of their own.
 *
 * @param face the type that people know, whose implementations are nobody's business
 * @param room a class beside which {@code help.txt} lies, which has the members of the type by the
 *     simple name of its face
 * @param name the name of the type for people
 * @param title how the help calls a member of it: {@code Union.diff()}
 * @param form what its values are to programs; null for what is never a value
 */
public record Descriptor<T>(
    Class<T> face,
    Class<?> room,
    String name,
    Function<Member, String> title,
    @Nullable Form<T> form) {
  /** Of a type that is called as in Java. */
  public static <T> Descriptor<T> of(Class<?> room, Class<T> face, @Nullable Form<T> form) {
    String name = face.getSimpleName();
    return new Descriptor<>(face, room, name, member -> name + "." + member.call(), form);
  }

  /**
   * The members that people may use, in the order to show them; read from {@code help.txt} at each
   * call.
   */
  public List<Member> members() {
    return HelpFile.members(room, face.getSimpleName());
  }

  /** The fields of its values; fails for a type whose values have none. */
  public Shape<T> shape() {
    if (form instanceof Shape<T> shape) {
      return shape;
    }
    throw new IllegalStateException(name + " has no fields");
  }

  /** Whether the type is Mica's; of one of Java's only what Mica adds is described. */
  public boolean isOwn() {
    return !face.getName().startsWith("java.");
  }
}
