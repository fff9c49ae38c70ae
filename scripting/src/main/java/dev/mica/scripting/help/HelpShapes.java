package dev.mica.scripting.help;

import dev.mica.schema.Descriptor;
import dev.mica.schema.Schema;
import dev.mica.scripting.words.MicaExtensions;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.reflect.Method;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Says in JSON what the value of a word is, from its declared type. */
final class HelpShapes {
  private HelpShapes() {}

  /** The value of what {@code entry} describes, by the types of {@code schema}. */
  static String of(HelpEntry entry, Schema schema) {
    return methods(entry)
        .findFirst()
        .map(method -> of(method.getGenericReturnType(), schema))
        .orElseThrow(() -> new IllegalStateException("help for what is not there: " + entry));
  }

  /** The methods an entry describes. */
  static Stream<Method> methods(HelpEntry entry) {
    Stream<Method> own = Arrays.stream(entry.owner().getMethods());
    Stream<Method> added =
        Arrays.stream(MicaExtensions.class.getMethods())
            .filter(method -> method.getParameterCount() > 0)
            .filter(method -> method.getParameterTypes()[0] == entry.owner());
    return Stream.concat(own, added).filter(method -> isNamed(method, entry.name()));
  }

  /** Whether {@code method} is behind the member or bean property {@code name}. */
  static boolean isNamed(Method method, String name) {
    String bean = "get" + Character.toUpperCase(name.charAt(0)) + name.substring(1);
    return method.getName().equals(name) || method.getName().equals(bean);
  }

  private static String of(Type type, Schema schema) {
    Class<?> raw = Types.raw(type);
    Descriptor<?> ours = schema.find(raw);
    if (ours != null && ours.form() != null) {
      return ours.form().json();
    }
    if (raw == Void.class) {
      return "null";
    }
    if (raw == Optional.class) {
      return of(((ParameterizedType) type).getActualTypeArguments()[0], schema) + "|null";
    }
    if (raw == Map.class) {
      return "{string: " + of(((ParameterizedType) type).getActualTypeArguments()[1], schema) + "}";
    }
    Type element = Types.element(type);
    return element != null && raw != Path.class ? "[" + of(element, schema) + "]" : scalar(raw);
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
            || raw == Path.class
            || raw == Duration.class
            || Throwable.class.isAssignableFrom(raw);
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
