package dev.mica.scripting.help;

import java.lang.reflect.GenericArrayType;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.Set;

/** Which of Mica's types a script gets, beginning with the objects of one type. */
final class Reach {
  private final Set<Class<?>> types = new LinkedHashSet<>();

  private Reach() {}

  /**
   * What the public methods of {@code root} return, and those of what they return, at any depth;
   * without {@code root}, and without constants and failures, which are texts to programs.
   */
  static Set<Class<?>> from(Class<?> root) {
    Reach reach = new Reach();
    reach.methodsOf(root);
    return reach.types;
  }

  private void methodsOf(Class<?> type) {
    Arrays.stream(type.getMethods())
        .filter(method -> !Modifier.isStatic(method.getModifiers()))
        .map(Method::getGenericReturnType)
        .forEach(this::add);
  }

  private void add(Type type) {
    if (type instanceof ParameterizedType generic) {
      Arrays.stream(generic.getActualTypeArguments()).forEach(this::add);
    } else if (type instanceof GenericArrayType array) {
      add(array.getGenericComponentType());
    }
    Class<?> raw = Types.raw(type);
    boolean ours = raw.getName().startsWith("dev.mica.");
    if (ours && !raw.isEnum() && !Throwable.class.isAssignableFrom(raw) && types.add(raw)) {
      methodsOf(raw);
    }
  }
}
