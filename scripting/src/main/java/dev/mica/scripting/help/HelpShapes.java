package dev.mica.scripting.help;

import dev.mica.failure.MicaException;
import dev.mica.folder.Diff;
import dev.mica.folder.LayerSource;
import dev.mica.folder.Name;
import dev.mica.scripting.schema.Shape;
import dev.mica.scripting.schema.Shapes;
import dev.mica.scripting.words.MicaExtensions;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.reflect.Method;
import java.lang.reflect.Type;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Says in JSON what the value of a word is, from its declared type. */
public final class HelpShapes {
  private HelpShapes() {}

  static String of(HelpEntry entry) {
    return methods(entry)
        .findFirst()
        .map(method -> of(method.getGenericReturnType()))
        .orElseThrow(() -> new IllegalStateException("help for what is not there: " + entry));
  }

  /** The methods an entry describes. */
  public static Stream<Method> methods(HelpEntry entry) {
    Stream<Method> own = Arrays.stream(entry.owner().getMethods());
    Stream<Method> added =
        Arrays.stream(MicaExtensions.class.getMethods())
            .filter(method -> method.getParameterCount() > 0)
            .filter(method -> method.getParameterTypes()[0] == entry.owner());
    return Stream.concat(own, added).filter(method -> isNamed(method, entry.name()));
  }

  /** Whether {@code entry} describes what the class called so has, or adds. */
  public static boolean isOf(HelpEntry entry, String className) {
    try {
      Class<?> type = Class.forName(className, false, HelpShapes.class.getClassLoader());
      boolean added =
          type == MicaExtensions.class
              && methods(entry).anyMatch(method -> method.getDeclaringClass() == type);
      return added || Help.owner(type) == entry.owner();
    } catch (ClassNotFoundException absent) {
      return false;
    }
  }

  static boolean isNamed(Method method, String name) {
    String bean = "get" + Character.toUpperCase(name.charAt(0)) + name.substring(1);
    return method.getName().equals(name) || method.getName().equals(bean);
  }

  private static String of(Type type) {
    Class<?> raw = Types.raw(type);
    Type element = Types.element(type);
    Shape<?> shape = Shapes.ofType(raw);
    if (raw == Void.class) {
      return "null";
    }
    if (shape != null) {
      return shape.json();
    }
    if (Diff.class.isAssignableFrom(raw)) {
      return Shapes.CHANGE.jsonList();
    }
    if (raw == Optional.class) {
      return of(((java.lang.reflect.ParameterizedType) type).getActualTypeArguments()[0]) + "|null";
    }
    return element != null && raw != Path.class && raw != Name.class
        ? "[" + of(element) + "]"
        : scalar(raw);
  }

  private static @Nullable String scalarOrNull(Class<?> raw) {
    if (Number.class.isAssignableFrom(raw)) {
      return "number";
    }
    if (raw == Boolean.class) {
      return "boolean";
    }
    boolean text =
        CharSequence.class.isAssignableFrom(raw)
            || raw.isEnum()
            || raw == Name.class
            || raw == Path.class
            || raw == LayerSource.class
            || raw == Duration.class
            || raw == MicaException.class;
    boolean any = raw == Object.class || raw == InputStream.class || raw == OutputStream.class;
    return text ? "string" : raw == Instant.class ? "time" : any ? "any" : null;
  }

  private static String scalar(Class<?> raw) {
    String scalar = scalarOrNull(raw);
    if (scalar == null) {
      throw new IllegalStateException("no JSON shape for " + raw.getName());
    }
    return scalar;
  }
}
