package dev.mica.scripting.groovy;

import groovy.lang.MetaBeanProperty;
import groovy.lang.MetaClassImpl;
import groovy.lang.MetaClassRegistry;
import groovy.lang.MetaMethod;
import java.lang.reflect.Field;
import java.lang.reflect.Member;
import java.lang.reflect.Modifier;
import java.util.List;
import java.util.Map;
import org.codehaus.groovy.reflection.CachedConstructor;
import org.codehaus.groovy.reflection.CachedField;
import org.codehaus.groovy.reflection.CachedMethod;
import org.codehaus.groovy.runtime.metaclass.MetaMethodIndex;
import org.codehaus.groovy.runtime.metaclass.MultipleSetterProperty;
import org.codehaus.groovy.util.FastArray;
import org.jspecify.annotations.Nullable;

/**
 * What Groovy knows of a class of Mica's: what Java would let a class of another package use.
 * Groovy itself does not ask whether a member is private. The others are not there at all, so every
 * way of asking for one of them fails as it does for a name that nobody has.
 */
final class PublicMetaClass extends MetaClassImpl {
  private static final String CONSTRUCTOR = "<init>";

  /** Groovy keeps fields here, and has no way in for those who would add fewer. */
  private static final List<Field> PROPERTIES =
      List.of(open("classPropertyIndex"), open("staticPropertyIndex"));

  private final Object constructors;

  PublicMetaClass(MetaClassRegistry registry, Class<?> type) {
    super(registry, type);
    FastArray open = new FastArray();
    for (CachedConstructor each : getTheCachedClass().getConstructors()) {
      if (isOpen(each.getCachedConstructor())) {
        open.add(each);
      }
    }
    constructors = open;
  }

  private static Field open(String name) {
    try {
      Field field = MetaClassImpl.class.getDeclaredField(name);
      field.setAccessible(true);
      return field;
    } catch (NoSuchFieldException other) {
      throw new LinkageError("this Groovy keeps properties elsewhere", other);
    }
  }

  /** Whether it is Mica's, and no class that a script has made in a package of that name. */
  static boolean isMica(Class<?> type) {
    return type.getName().startsWith("dev.mica.")
        && PublicMetaClass.class.getClassLoader().equals(type.getClassLoader());
  }

  /** What is not Mica's is as it is without us. A script's subclass may use what is protected. */
  private boolean isOpen(Member member) {
    Class<?> owner = member.getDeclaringClass();
    int modifiers = member.getModifiers();
    return !isMica(owner)
        || (Modifier.isPublic(modifiers) && isPublic(owner))
        || (Modifier.isProtected(modifiers) && !isMica(getTheClass()));
  }

  private static boolean isPublic(Class<?> type) {
    Class<?> outer = type.getEnclosingClass();
    return Modifier.isPublic(type.getModifiers()) && (outer == null || isPublic(outer));
  }

  private boolean isOpen(MetaMethod method) {
    return !(method instanceof CachedMethod cached) || isOpen(cached.getCachedMethod());
  }

  @Override
  protected void addMetaMethodToIndex(
      MetaMethod method, Map<String, MetaMethodIndex.Cache> header) {
    if (isOpen(method)) {
      super.addMetaMethodToIndex(method, header);
    }
  }

  @Override
  public List<MetaMethod> getMethods() {
    return super.getMethods().stream().filter(this::isOpen).toList();
  }

  @Override
  @SuppressWarnings("rawtypes") // as Groovy has it
  protected Object chooseMethod(String name, Object methods, Class[] arguments) {
    return super.chooseMethod(name, name.equals(CONSTRUCTOR) ? constructors : methods, arguments);
  }

  @Override
  protected synchronized void reinitialize() {
    super.reinitialize();
    try {
      for (Field field : PROPERTIES) {
        prune((Map<?, ?>) field.get(this));
      }
    } catch (IllegalAccessException impossible) {
      throw new LinkageError("fields of the meta class of " + getTheClass(), impossible);
    }
  }

  private void prune(Map<?, ?> properties) {
    properties.values().removeIf(this::isClosed);
    for (Object each : properties.values()) {
      switch (each) {
        case Map<?, ?> ofOneClass -> prune(ofOneClass);
        case MetaBeanProperty bean when isClosed(bean.getField()) -> bean.setField(null);
        case MultipleSetterProperty bean when isClosed(bean.getField()) -> bean.setField(null);
        default -> {}
      }
    }
  }

  private boolean isClosed(@Nullable Object property) {
    return switch (property) {
      case CachedField field -> !isOpen(field.getCachedField());
      case MetaBeanProperty bean when bean.getGetter() != null -> !isOpen(bean.getGetter());
      case null, default -> false;
    };
  }
}
