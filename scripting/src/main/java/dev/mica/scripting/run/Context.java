package dev.mica.scripting.run;

import dev.mica.Mica;
import dev.mica.access.Role;
import java.io.PrintStream;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What all scripts of one user share: the objects, the variables, and where they print. */
public final class Context {
  private static final InheritableThreadLocal<@Nullable Context> CURRENT =
      new InheritableThreadLocal<>();

  private final Mica mica;
  private final PrintStream out;
  private final Display display;
  private final Consumer<String> say;
  private final Function<Throwable, String> explanation;
  private final Variables variables = new Variables();

  /**
   * Over {@code mica}; scripts print to {@code out} and show values on {@code display}.
   *
   * @param say tells people a line that is no data
   * @param explanation says in one line what went wrong in a script
   */
  public Context(
      Mica mica,
      PrintStream out,
      Display display,
      Consumer<String> say,
      Function<Throwable, String> explanation) {
    this.mica = mica;
    this.out = out;
    this.display = display;
    this.say = say;
    this.explanation = explanation;
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

  /** Tells people a line that is no data. */
  public void say(String line) {
    say.accept(line);
  }

  /** The variables, live. */
  public Variables variables() {
    return variables;
  }

  /** What went wrong in a script, in one line. */
  String explain(Throwable failure) {
    return explanation.apply(failure);
  }

  /**
   * Makes this the context of the calling thread and of those it starts; fails unless its caller
   * may run scripts, which can do whatever the process can.
   */
  public void enter() {
    mica.caller().require(Role.ADMIN, "run", "a line that is not a command");
    CURRENT.set(this);
  }

  /** That of the script that calls. */
  public static Context current() {
    Context context = CURRENT.get();
    if (context == null) {
      throw new IllegalStateException("no script of a session is running on this thread");
    }
    return context;
  }

  /** Whether a script has made {@code type}, or that of which it is an array. */
  public static boolean isOfScript(Class<?> type) {
    Class<?> element = type;
    while (element.isArray()) {
      element = element.getComponentType();
    }
    ClassLoader made = element.getClassLoader();
    return made != null
        && Stream.iterate(Context.class.getClassLoader(), Objects::nonNull, ClassLoader::getParent)
            .noneMatch(made::equals);
  }
}
