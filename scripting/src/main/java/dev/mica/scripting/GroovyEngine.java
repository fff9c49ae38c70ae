package dev.mica.scripting;

import groovy.lang.Binding;
import groovy.lang.GroovyClassLoader;
import groovy.lang.GroovyCodeSource;
import groovy.lang.GroovyShell;
import groovy.lang.Script;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.codehaus.groovy.control.CompilerConfiguration;
import org.codehaus.groovy.control.customizers.ImportCustomizer;
import org.codehaus.groovy.runtime.InvokerHelper;
import org.codehaus.groovy.runtime.MethodClosure;
import org.jspecify.annotations.Nullable;

/**
 * Groovy over a session. Every line compiles to a class of its own; the shell that holds them is
 * replaced after a while, or a session would leak metaspace with each line. Variables, imports,
 * methods and classes of the user are carried over.
 */
final class GroovyEngine implements Engine {
  private static final int LINES_PER_SHELL = 50;
  private static final String PROMPT = "prompt";

  private final Session session;
  private final Binding binding;
  private final Map<String, String> imports = new LinkedHashMap<>();
  private ClassLoader parent = GroovyEngine.class.getClassLoader();
  private @Nullable GroovyShell shell;
  private int lines;

  GroovyEngine(Session session) {
    this.session = session;
    this.binding = new SessionBinding(session);
  }

  @Override
  public synchronized @Nullable Object evaluate(String source) {
    session.enter();
    try {
      Class<?> type = shell().getClassLoader().parseClass(code(source, PROMPT), false);
      return Script.class.isAssignableFrom(type) ? runLine(type) : null;
    } catch (Throwable failure) {
      throw new GroovyErrors(session, PROMPT, source).translate(failure);
    } finally {
      recycle();
    }
  }

  @Override
  public @Nullable Object run(Path file, List<String> args) {
    String name = String.valueOf(file.getFileName());
    String source = GroovyErrors.readScript(file);
    session.enter();
    try {
      binding.setVariable("args", args);
      GroovyShell once = new GroovyShell(parent, binding, configuration(false));
      return once.parse(code(source, name)).run();
    } catch (Throwable failure) {
      throw new GroovyErrors(session, name, source).translate(failure);
    }
  }

  @Override
  public boolean isIncomplete(String source) {
    return Input.of(source).isIncomplete();
  }

  @Override
  public List<Candidate> complete(String source, int cursor) {
    return new Completion(session, imports).at(source, cursor);
  }

  @Override
  public void warm() {
    new GroovyShell(parent, new SessionBinding(session), configuration(true))
        .evaluate("[1].collect { it + 1 }");
  }

  private @Nullable Object runLine(Class<?> type) {
    Script script = InvokerHelper.createScript(type, binding);
    try {
      return script.run();
    } finally {
      keepMethods(script);
      InvokerHelper.removeClass(type);
    }
  }

  private static GroovyCodeSource code(String source, String name) {
    GroovyCodeSource code = new GroovyCodeSource(source, name, "/mica");
    code.setCachable(false);
    return code;
  }

  private GroovyShell shell() {
    if (shell == null) {
      shell = new GroovyShell(parent, binding, configuration(true));
    }
    return shell;
  }

  /** A class the user declared lives in the shell's loader, which then stays as a parent. */
  private void recycle() {
    if (shell == null) {
      return;
    }
    GroovyClassLoader loader = shell.getClassLoader();
    boolean declares = false;
    for (Class<?> type : loader.getLoadedClasses()) {
      declares |= !Script.class.isAssignableFrom(type) && !type.getName().contains("$_");
    }
    lines++;
    if (declares) {
      parent = loader;
      shell = null;
    } else if (lines % LINES_PER_SHELL == 0) {
      loader.clearCache();
      shell = null;
    } else {
      shell.resetLoadedClasses();
    }
  }

  /** {@code def f(x) {…}} belongs to its line's class: as a variable it can be called later. */
  private void keepMethods(Script script) {
    for (var method : script.getClass().getDeclaredMethods()) {
      String name = method.getName();
      if (!method.isSynthetic()
          && !name.equals("run")
          && !name.equals("main")
          && !name.contains("$")) {
        binding.setVariable(name, new MethodClosure(script, name));
      }
    }
  }

  private CompilerConfiguration configuration(boolean prompt) {
    CompilerConfiguration configuration = new CompilerConfiguration();
    configuration.setScriptBaseClass(MicaScript.class.getName());
    configuration.setSourceEncoding(StandardCharsets.UTF_8.name());
    configuration.setDisabledGlobalASTTransformations(
        Set.of("groovy.grape.GrabAnnotationTransformation"));
    ImportCustomizer known = new ImportCustomizer();
    PromptDeclarations.starImports().forEach(known::addStarImports);
    configuration.addCompilationCustomizers(known, new InterruptChecks());
    if (prompt) {
      configuration.addCompilationCustomizers(new PromptDeclarations(imports));
    }
    return configuration;
  }
}
