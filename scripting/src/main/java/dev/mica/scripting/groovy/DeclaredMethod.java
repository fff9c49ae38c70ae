package dev.mica.scripting.groovy;

import groovy.lang.Closure;
import groovy.lang.GroovyRuntimeException;
import groovy.lang.MetaMethod;
import groovy.lang.Script;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A method that an earlier line has declared, as a value. Groovy's own {@code MethodClosure} would
 * look for a method that takes other arguments in the variables again, and find itself.
 */
public final class DeclaredMethod extends Closure<@Nullable Object> {
  private static final long serialVersionUID = 1L;

  private final String name;

  DeclaredMethod(Script script, Method method) {
    super(script);
    name = method.getName();
    parameterTypes = method.getParameterTypes();
    maximumNumberOfParameters = method.getParameterCount();
  }

  /** The class of the line that declares it. */
  public Class<?> script() {
    return getOwner().getClass();
  }

  /** The arguments fit none of the methods of that name: no call was made. */
  static final class Unfit extends GroovyRuntimeException {
    private static final long serialVersionUID = 1L;

    private final transient Class<?> script;
    private final String method;
    private final transient @Nullable Object[] arguments;

    Unfit(Class<?> script, String method, @Nullable Object[] arguments) {
      super("'" + method + "' does not take these arguments");
      this.script = script;
      this.method = method;
      this.arguments = arguments;
    }

    Class<?> script() {
      return script;
    }

    String method() {
      return method;
    }

    List<@Nullable Object> arguments() {
      return Arrays.asList(arguments);
    }
  }

  @Override
  public @Nullable Object call(@Nullable Object... arguments) {
    return doCall(arguments);
  }

  @Override
  public @Nullable Object call() {
    return doCall();
  }

  @Override
  public @Nullable Object call(@Nullable Object argument) {
    return doCall(argument);
  }

  /** What Groovy calls for {@code name(…)}. */
  public @Nullable Object doCall(@Nullable Object... arguments) {
    Script script = (Script) getOwner();
    MetaMethod method = script.getMetaClass().getMetaMethod(name, arguments);
    if (method == null) {
      throw new Unfit(script.getClass(), name, arguments);
    }
    return method.doMethodInvoke(script, arguments);
  }
}
