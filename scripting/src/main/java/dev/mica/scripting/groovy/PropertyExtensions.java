package dev.mica.scripting.groovy;

import dev.mica.commit.Commit;
import dev.mica.folder.Diff;
import dev.mica.folder.Folder;
import dev.mica.helper.HelperVm;
import dev.mica.host.Host;
import dev.mica.scripting.help.Help;
import dev.mica.union.Union;
import groovy.lang.MissingPropertyException;
import java.lang.reflect.InvocationTargetException;
import org.jspecify.annotations.Nullable;

/** Properties of Mica's objects, which the help knows; each is an extension method. */
public final class PropertyExtensions {
  private PropertyExtensions() {}

  /** {@code union.name} is {@code union.name()}, where the help says it is a property. */
  public static @Nullable Object propertyMissing(Folder self, String name) {
    return property(Folder.class, self, name);
  }

  /** See above. */
  public static @Nullable Object propertyMissing(Union self, String name) {
    return property(Union.class, self, name);
  }

  /** See above. */
  public static @Nullable Object propertyMissing(Commit self, String name) {
    return property(Commit.class, self, name);
  }

  /** See above. */
  public static @Nullable Object propertyMissing(Diff self, String name) {
    return property(Diff.class, self, name);
  }

  /** See above. */
  public static @Nullable Object propertyMissing(Host self, String name) {
    return property(Host.class, self, name);
  }

  /** See above. */
  public static @Nullable Object propertyMissing(HelperVm self, String name) {
    return property(HelperVm.class, self, name);
  }

  private static @Nullable Object property(Class<?> face, Object self, String name) {
    if (!Help.get().isProperty(face, name)) {
      throw new MissingPropertyException(name, face);
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
