package dev.mica.scripting.help;

import dev.mica.scripting.words.MicaExtensions;
import java.beans.Introspector;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.codehaus.groovy.runtime.DefaultGroovyMethods;
import org.codehaus.groovy.runtime.StringGroovyMethods;
import org.jspecify.annotations.Nullable;

/**
 * What can follow a dot, by reflection on types alone: declared members, bean properties, and the
 * methods that extension modules add.
 */
public final class Members {
  private static final List<Class<?>> EXTENSIONS =
      List.of(MicaExtensions.class, DefaultGroovyMethods.class, StringGroovyMethods.class);

  private final Help help;

  /** Of our own types only what {@code help} knows is shown. */
  public Members(Help help) {
    this.help = help;
  }

  /**
   * One member.
   *
   * @param name what to type
   * @param property whether it is read without brackets
   * @param method the method behind it
   * @param extension whether the method's first parameter is the receiver
   */
  public record Member(String name, boolean property, Method method, boolean extension) {
    /** Its type on a receiver of type {@code owner}. */
    public Type typeOn(Type owner) {
      return extension ? Types.ofExtension(method, owner) : Types.ofMember(method, owner);
    }

    public boolean takesArguments() {
      return method.getParameterCount() > (extension ? 1 : 0);
    }
  }

  /** All members of {@code type}, by name, one for each name. */
  public Map<String, Member> of(Class<?> type) {
    Map<String, Member> members = new TreeMap<>();
    Class<?> face = help.face(type);
    for (Class<?> extensions : EXTENSIONS) {
      for (Method method : extensions.getMethods()) {
        if (isExtensionOf(method, face)) {
          add(face, members, method, true);
        }
      }
    }
    for (Method method : face.getMethods()) {
      boolean shown = !Modifier.isStatic(method.getModifiers()) && !method.isBridge();
      if (shown && method.getDeclaringClass() != Object.class && isForPeople(face, method)) {
        add(face, members, method, false);
      }
    }
    return members;
  }

  /** The member called {@code name}; null if there is none. */
  public @Nullable Member find(Class<?> type, String name) {
    return of(type).get(name);
  }

  /** The names of {@code type}'s own members and of what Mica adds to them. */
  public List<String> namesOf(Class<?> type) {
    Class<?> face = help.face(type);
    List<String> names = new ArrayList<>(help.membersOf(face));
    if (names.isEmpty()) {
      of(face).forEach((name, member) -> names.add(name));
    }
    return names;
  }

  /** The static members of a class. */
  public static List<Method> statics(Class<?> type) {
    return Arrays.stream(type.getMethods())
        .filter(method -> Modifier.isStatic(method.getModifiers()))
        .toList();
  }

  /** What has no help is there for Mica's own packages. */
  private boolean isForPeople(Class<?> face, Method method) {
    return help.isOurs(face)
        ? help.membersOf(face).stream().anyMatch(name -> HelpShapes.isNamed(method, name))
        : !method.getName().contains("$");
  }

  private static boolean isExtensionOf(Method method, Class<?> face) {
    if (!Modifier.isStatic(method.getModifiers()) || method.getParameterCount() == 0) {
      return false;
    }
    Class<?> receiver = method.getParameterTypes()[0];
    boolean general = receiver == Object.class && !method.getName().equals("with");
    return !general
        && receiver.isAssignableFrom(box(face))
        && !method.isAnnotationPresent(Deprecated.class)
        && Stream.of("propertyMissing", "getAt", "iterator").noneMatch(method.getName()::equals);
  }

  private void add(Class<?> face, Map<String, Member> members, Method method, boolean extension) {
    String property = propertyName(face, method, extension);
    if (property != null) {
      members.put(property, new Member(property, true, method, extension));
    } else {
      String name = method.getName();
      members.merge(name, new Member(name, false, method, extension), Members::richer);
    }
  }

  /** Of two with one name the property, then the one of the type itself, then the shorter call. */
  private static Member richer(Member known, Member other) {
    if (known.property() || other.property()) {
      return known.property() ? known : other;
    }
    if (known.extension() != other.extension()) {
      return known.extension() ? other : known;
    }
    int shorter = other.method().getParameterCount() - known.method().getParameterCount();
    return shorter < 0 ? other : known;
  }

  private @Nullable String propertyName(Class<?> face, Method method, boolean extension) {
    if (method.getParameterCount() > (extension ? 1 : 0) || method.getReturnType() == void.class) {
      return null;
    }
    String name = method.getName();
    if (help.isProperty(face, name)) {
      return name;
    }
    if (name.length() > 3 && name.startsWith("get") && Character.isUpperCase(name.charAt(3))) {
      return Introspector.decapitalize(name.substring(3));
    }
    return method.getDeclaringClass().isRecord() && isComponent(method) ? name : null;
  }

  private static boolean isComponent(Method method) {
    return Arrays.stream(method.getDeclaringClass().getRecordComponents())
        .anyMatch(component -> component.getName().equals(method.getName()));
  }

  private static Class<?> box(Class<?> type) {
    return type.isPrimitive()
        ? java.lang.invoke.MethodType.methodType(type).wrap().returnType()
        : type;
  }
}
