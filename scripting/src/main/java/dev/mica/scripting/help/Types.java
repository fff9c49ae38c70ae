package dev.mica.scripting.help;

import dev.mica.scripting.words.MicaExtensions;
import java.lang.invoke.MethodType;
import java.lang.reflect.GenericArrayType;
import java.lang.reflect.Method;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.lang.reflect.TypeVariable;
import java.lang.reflect.WildcardType;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Generic types, as far as completion needs them: {@code unions.list()[0]} is a Union. */
public final class Types {
  private Types() {}

  /** The class behind a type. */
  public static Class<?> raw(Type type) {
    return switch (type) {
      case Class<?> plain ->
          plain.isPrimitive() ? MethodType.methodType(plain).wrap().returnType() : plain;
      case ParameterizedType generic -> raw(generic.getRawType());
      case WildcardType wildcard -> raw(wildcard.getUpperBounds()[0]);
      case TypeVariable<?> variable -> raw(variable.getBounds()[0]);
      case GenericArrayType array -> raw(array.getGenericComponentType()).arrayType();
      default -> Object.class;
    };
  }

  /** What {@code method} returns when called on a receiver of type {@code owner}. */
  static Type ofMember(Method method, Type owner) {
    return resolve(method.getGenericReturnType(), variables(owner));
  }

  /** What an extension method returns when called on a receiver of type {@code owner}. */
  static Type ofExtension(Method method, Type owner) {
    Map<TypeVariable<?>, Type> known = variables(owner);
    Type self = method.getGenericParameterTypes()[0];
    if (self instanceof ParameterizedType generic) {
      TypeVariable<?>[] formal = raw(self).getTypeParameters();
      for (int i = 0; i < formal.length; i++) {
        Type actual = known.get(formal[i]);
        if (generic.getActualTypeArguments()[i] instanceof TypeVariable<?> variable
            && actual != null) {
          known.put(variable, actual);
        }
      }
    } else if (self instanceof TypeVariable<?> variable) {
      known.put(variable, owner);
    }
    return resolve(method.getGenericReturnType(), known);
  }

  /** What iterating over {@code type} gives; null if it cannot be iterated over. */
  public static @Nullable Type element(Type type) {
    Class<?> raw = raw(type);
    if (raw.isArray()) {
      return raw.getComponentType();
    }
    Map<TypeVariable<?>, Type> known = variables(type);
    if (Iterable.class.isAssignableFrom(raw)) {
      return known.get(Iterable.class.getTypeParameters()[0]);
    }
    if (java.util.stream.Stream.class.isAssignableFrom(raw)) {
      return known.get(java.util.stream.Stream.class.getTypeParameters()[0]);
    }
    if (Iterator.class.isAssignableFrom(raw)) {
      return known.get(Iterator.class.getTypeParameters()[0]);
    }
    Method iterator = MicaExtensions.iteratorOf(raw);
    return iterator == null
        ? null
        : ((ParameterizedType) iterator.getGenericReturnType()).getActualTypeArguments()[0];
  }

  private static Map<TypeVariable<?>, Type> variables(Type type) {
    Map<TypeVariable<?>, Type> known = new HashMap<>();
    collect(type, known);
    return known;
  }

  private static void collect(@Nullable Type type, Map<TypeVariable<?>, Type> known) {
    if (type == null) {
      return;
    }
    if (type instanceof ParameterizedType generic) {
      TypeVariable<?>[] formal = raw(type).getTypeParameters();
      for (int i = 0; i < formal.length; i++) {
        known.put(formal[i], resolve(generic.getActualTypeArguments()[i], known));
      }
    }
    Class<?> raw = raw(type);
    collect(raw.getGenericSuperclass(), known);
    for (Type above : raw.getGenericInterfaces()) {
      collect(above, known);
    }
  }

  private static Type resolve(Type type, Map<TypeVariable<?>, Type> known) {
    return switch (type) {
      case TypeVariable<?> variable -> known.getOrDefault(variable, raw(variable));
      case WildcardType wildcard -> resolve(wildcard.getUpperBounds()[0], known);
      case ParameterizedType generic -> new Applied(generic, known);
      default -> type;
    };
  }

  /** A generic type with its variables replaced. */
  private record Applied(ParameterizedType generic, List<Type> arguments)
      implements ParameterizedType {
    Applied(ParameterizedType generic, Map<TypeVariable<?>, Type> known) {
      Type[] arguments = generic.getActualTypeArguments();
      for (int i = 0; i < arguments.length; i++) {
        arguments[i] = resolve(arguments[i], known);
      }
      this(generic, List.of(arguments));
    }

    @Override
    public Type[] getActualTypeArguments() {
      return arguments.toArray(Type[]::new);
    }

    @Override
    public Type getRawType() {
      return generic.getRawType();
    }

    @Override
    public @Nullable Type getOwnerType() {
      return generic.getOwnerType();
    }
  }
}
