package dev.mica.scripting.groovy;

import dev.mica.scripting.help.Help;
import groovy.lang.MissingPropertyException;
import java.lang.reflect.InvocationTargetException;
import org.jspecify.annotations.Nullable;

/** Properties of Mica's objects, which the help knows; an extension method. */
public final class PropertyExtensions {
  private PropertyExtensions() {}

  /**
   * {@code union.name} is {@code union.name()}, where the help says it is a property. Groovy asks
   * this of any object that has no such property.
   */
  public static @Nullable Object propertyMissing(Object self, String name) {
    Class<?> type = self instanceof Class<?> itself ? itself : self.getClass();
    Class<?> face = Help.get().face(type);
    if (self == type || !Help.get().isProperty(face, name)) {
      throw new MissingPropertyException(name, type);
    }
    try {
      Object value = face.getMethod(name).invoke(self);
      return value instanceof java.util.Optional<?> optional ? optional.orElse(null) : value;
    } catch (InvocationTargetException failed) {
      throw failed.getCause() instanceof RuntimeException cause
          ? cause
          : new IllegalStateException(failed.getCause());
    } catch (ReflectiveOperationException impossible) {
      throw new LinkageError(face.getName() + '.' + name, impossible);
    }
  }
}
