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
  private final Set<Class<?>> ends;

  private Reach(Set<Class<?>> ends) {
    this.ends = ends;
  }

  /**
   * What the public methods of {@code root} return, and those of what they return, at any depth;
   * without {@code root}, and without constants and failures, which are texts to programs. What
   * {@code ends} return is not looked at.
   */
  static Set<Class<?>> from(Class<?> root, Set<Class<?>> ends) {
    Reach reach = new Reach(ends);
    reach.methodsOf(root);
    return reach.types;
  }

  private void methodsOf(Class<?> type) {
    Arrays.stream(type.getMethods())
        .filter(method -> !Modifier.isStatic(method.getModifiers()))
        .map(Method::getGenericReturnType)
        .forEach(this::add);
  }

  private void expand(Class<?> type) {
    if (!ends.contains(type)) {
      methodsOf(type);
    }
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
      expand(raw);
    }
  }
}
