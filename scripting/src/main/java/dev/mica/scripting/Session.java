package dev.mica.scripting;

import dev.mica.Mica;
import dev.mica.scripting.groovy.DeclaredMethod;
import dev.mica.scripting.groovy.GroovyEngine;
import dev.mica.scripting.groovy.GroovyErrors;
import dev.mica.scripting.jshell.JShellEngine;
import dev.mica.scripting.run.Context;
import dev.mica.scripting.run.Display;
import dev.mica.scripting.run.ScriptEngine;
import dev.mica.scripting.run.Variables;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One user's conversation: the objects, the variables, the engines. Engines load when first used
 * and share the variables.
 */
public final class Session {
  private final Context context;
  private @Nullable ScriptEngine groovy;
  private @Nullable JShellEngine java;

  /**
   * A session over {@code mica} that prints to {@code out} and shows values on {@code display}.
   *
   * @param say tells people a line that is no data
   */
  public Session(Mica mica, PrintStream out, Display display, Consumer<String> say) {
    this.context = new Context(mica, out, display, say, this::explain);
  }

  private String explain(Throwable failure) {
    return String.valueOf(new GroovyErrors(context, "", "").translate(failure).getMessage());
  }

  /** The objects. */
  public Mica mica() {
    return context.mica();
  }

  /** The variables, live. */
  public Map<String, @Nullable Object> variables() {
    return context.variables();
  }

  /** The names of the variables now. */
  public List<String> variableNames() {
    return context.variables().names();
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
    Variables variables = context.variables();
    groovy = null;
    for (String name : variables.names()) {
      boolean lasts = !isOfScript(variables.get(name));
      (lasts ? kept : dropped).add(name);
      if (!lasts) {
        variables.remove(name);
      }
    }
    if (java != null) {
      java = java.anew(value -> !isOfScript(value), kept, dropped);
    }
    return new Reset(kept, dropped);
  }

  /** Whether it is of a class that a script has made: a class of its own, a closure, a method. */
  private static boolean isOfScript(@Nullable Object value) {
    return switch (value) {
      case null -> false;
      case DeclaredMethod method -> Context.isOfScript(method.script());
      default -> Context.isOfScript(value.getClass());
    };
  }

  /** The Groovy engine; the first call loads Groovy. */
  public synchronized ScriptEngine groovy() {
    if (groovy == null) {
      groovy = new GroovyEngine(context);
    }
    return groovy;
  }

  /** The JShell engine; the first call loads the compiler. */
  public synchronized ScriptEngine java() {
    if (java == null) {
      java = new JShellEngine(context);
    }
    return java;
  }
}
