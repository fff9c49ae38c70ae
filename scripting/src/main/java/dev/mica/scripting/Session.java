package dev.mica.scripting;

import dev.mica.Mica;
import java.io.PrintStream;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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
  private final Map<String, @Nullable Object> variables =
      Collections.synchronizedMap(new LinkedHashMap<>());
  private @Nullable Engine groovy;
  private @Nullable Engine java;

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
    synchronized (variables) {
      return List.copyOf(variables.keySet());
    }
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
      java = new JShellEngine(this);
    }
    return java;
  }
}
