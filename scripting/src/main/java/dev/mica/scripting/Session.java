package dev.mica.scripting;

import dev.mica.Mica;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * One user's conversation: the objects, the variables, the engines. Engines load when first used
 * and share the variables.
 */
public final class Session {
  private static final InheritableThreadLocal<@Nullable Session> CURRENT =
      new InheritableThreadLocal<>();

  private final Mica mica;
  private final PrintStream out;
  private final Display display;
  private final Variables variables = new Variables();
  private @Nullable Engine groovy;
  private @Nullable JShellEngine java;

  /** A session over {@code mica} that prints to {@code out} and shows values on {@code display}. */
  public Session(Mica mica, PrintStream out, Display display) {
    this.mica = mica;
    this.out = out;
    this.display = display;
  }

  /** The objects. */
  public Mica mica() {
    return mica;
  }

  /** Where scripts print. */
  public PrintStream out() {
    return out;
  }

  /** Where values are shown. */
  public Display display() {
    return display;
  }

  /** The variables, live. */
  public Map<String, @Nullable Object> variables() {
    return variables;
  }

  /** The names of the variables now. */
  public List<String> variableNames() {
    return variables.names();
  }

  /**
   * What a {@link #reset} has left.
   *
   * @param kept the variables that are still there
   * @param dropped those whose value was of a class that is no more
   */
  public record Reset(List<String> kept, List<String> dropped) {}

  /**
   * Starts the engines anew: what was imported, declared or compiled is gone, and so is what cannot
   * be without it. The other variables stay.
   */
  public synchronized Reset reset() {
    List<String> kept = new ArrayList<>();
    List<String> dropped = new ArrayList<>();
    groovy = null;
    for (String name : variables.names()) {
      boolean lasts = !isOfScript(variables.get(name));
      (lasts ? kept : dropped).add(name);
      if (!lasts) {
        variables.remove(name);
      }
    }
    if (java != null) {
      List<JavaShell.Variable> lasting = new ArrayList<>();
      for (JavaShell.Variable variable : java.legacy().variables()) {
        boolean lasts = variable.isThere() && !isOfScript(variable.value());
        (lasts ? kept : dropped).add(variable.name());
        if (lasts) {
          lasting.add(variable);
        }
      }
      java = new JShellEngine(this, new JavaShell.Legacy(List.of(), lasting));
    }
    return new Reset(kept, dropped);
  }

  /** Whether it is of a class that a script has made: a class of its own, a closure, a method. */
  static boolean isOfScript(@Nullable Object value) {
    if (value == null) {
      return false;
    }
    Class<?> type = value instanceof DeclaredMethod method ? method.script() : value.getClass();
    while (type.isArray()) {
      type = type.getComponentType();
    }
    ClassLoader made = type.getClassLoader();
    return made != null
        && Stream.iterate(Session.class.getClassLoader(), Objects::nonNull, ClassLoader::getParent)
            .noneMatch(made::equals);
  }

  /** Makes this the session of the calling thread and of those it starts. */
  void enter() {
    CURRENT.set(this);
  }

  /** The session whose script calls. */
  static Session current() {
    Session session = CURRENT.get();
    if (session == null) {
      throw new IllegalStateException("no script of a session is running on this thread");
    }
    return session;
  }

  /** The Groovy engine; the first call loads Groovy. */
  public synchronized Engine groovy() {
    if (groovy == null) {
      groovy = new GroovyEngine(this);
    }
    return groovy;
  }

  /** The JShell engine; the first call loads the compiler. */
  public synchronized Engine java() {
    if (java == null) {
      java = new JShellEngine(this, JavaShell.Legacy.NONE);
    }
    return java;
  }
}
