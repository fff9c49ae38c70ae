package dev.mica.scripting.groovy;

import dev.mica.scripting.complete.Completion;
import dev.mica.scripting.complete.SourceText;
import dev.mica.scripting.help.Help;
import dev.mica.scripting.run.Candidate;
import dev.mica.scripting.run.Context;
import dev.mica.scripting.run.Evaluation;
import dev.mica.scripting.run.ScriptEngine;
import dev.mica.scripting.run.ScriptFile;
import groovy.lang.Binding;
import groovy.lang.GroovyClassLoader;
import groovy.lang.GroovyCodeSource;
import groovy.lang.GroovyShell;
import groovy.lang.Script;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.codehaus.groovy.control.CompilerConfiguration;
import org.codehaus.groovy.control.customizers.CompilationCustomizer;
import org.codehaus.groovy.control.customizers.ImportCustomizer;
import org.codehaus.groovy.runtime.InvokerHelper;
import org.jspecify.annotations.Nullable;

/**
 * Groovy over a session. Every line compiles to a class of its own; the shell that holds them is
 * replaced after a while, or a session would leak metaspace with each line. Variables, imports,
 * methods and classes of the user are carried over.
 *
 * <p>Nothing is locked while a line compiles and runs: it takes the shell and gives it back at its
 * end. One that was abandoned has taken it for good, and the next line makes another.
 */
public final class GroovyEngine implements ScriptEngine {
  private static final int LINES_PER_SHELL = 50;
  private static final String PROMPT = "prompt";

  static {
    MetaClasses.install();
  }

  private final Context context;
  private final Binding binding;
  private final Imports imports = new Imports();
  private ClassLoader parent = GroovyEngine.class.getClassLoader();
  private @Nullable Shell idle;
  private int lines;

  /** What compiles lines, and what it knows of the last one. */
  private record Shell(GroovyShell groovy, PromptDeclarations declarations) {
    GroovyClassLoader loader() {
      return groovy.getClassLoader();
    }
  }

  public GroovyEngine(Context context) {
    this.context = context;
    this.binding = new SessionBinding(context);
  }

  @Override
  public @Nullable Object evaluate(String source) {
    context.enter();
    Shell shell = take();
    try {
      Class<?> type = shell.loader().parseClass(code(source, PROMPT), false);
      imports.add(shell.declarations.own());
      Object value = Script.class.isAssignableFrom(type) ? runLine(type) : null;
      Evaluation.check(); // it may have ended where nothing asks
      return value;
    } catch (Throwable failure) {
      throw new GroovyErrors(context, PROMPT, source).translate(failure);
    } finally {
      if (!Evaluation.isOfAbandoned()) {
        giveBack(shell);
      }
    }
  }

  @Override
  public @Nullable Object run(Path file, List<String> args) {
    context.enter();
    return run(String.valueOf(file.getFileName()), ScriptFile.read(file), args);
  }

  @Override
  public @Nullable Object run(String name, String source, List<String> args) {
    context.enter();
    try {
      binding.setVariable("args", args);
      GroovyShell once = new GroovyShell(parent, binding, configuration(new ImportCustomizer()));
      return once.parse(code(source, name)).run();
    } catch (Throwable failure) {
      throw new GroovyErrors(context, name, source).translate(failure);
    }
  }

  @Override
  public boolean isIncomplete(String source) {
    return SourceText.of(source).isIncomplete();
  }

  @Override
  public List<Candidate> complete(String source, int cursor) {
    return new Completion(context, Help.get(), imports::classesCalled).at(source, cursor);
  }

  @Override
  public void warm() {
    newShell().groovy.evaluate("[1].collect { it + 1 }");
  }

  private @Nullable Object runLine(Class<?> type) {
    Script script = InvokerHelper.createScript(type, binding);
    try {
      return script.run();
    } finally {
      if (!Evaluation.isOfAbandoned()) {
        keepMethods(script);
      }
      InvokerHelper.removeClass(type);
    }
  }

  private static GroovyCodeSource code(String source, String name) {
    GroovyCodeSource code = new GroovyCodeSource(source, name, "/mica");
    code.setCachable(false);
    return code;
  }

  private synchronized Shell take() {
    Shell shell = idle == null ? newShell() : idle;
    idle = null;
    return shell;
  }

  private synchronized Shell newShell() {
    PromptDeclarations declarations = new PromptDeclarations(imports);
    return new Shell(new GroovyShell(parent, binding, configuration(declarations)), declarations);
  }

  /** A class the user declared lives in the shell's loader, which then stays as a parent. */
  private synchronized void giveBack(Shell shell) {
    GroovyClassLoader loader = shell.loader();
    List<String> declared = new ArrayList<>();
    for (Class<?> type : loader.getLoadedClasses()) {
      if (!Script.class.isAssignableFrom(type) && !type.getName().contains("$_")) {
        declared.add(type.getName());
      }
    }
    lines++;
    if (!declared.isEmpty()) {
      declared.forEach(imports::forget);
      parent = loader;
    } else if (lines % LINES_PER_SHELL == 0) {
      loader.clearCache();
    } else {
      shell.groovy.resetLoadedClasses();
      idle = shell;
    }
  }

  /** {@code def f(x) {…}} belongs to its line's class: as a variable it can be called later. */
  private void keepMethods(Script script) {
    for (Method method : script.getClass().getDeclaredMethods()) {
      String name = method.getName();
      if (!method.isSynthetic()
          && !name.equals("run")
          && !name.equals("main")
          && !name.contains("$")) {
        imports.forget(name);
        binding.setVariable(name, new DeclaredMethod(script, method));
      }
    }
  }

  /** {@code own} comes first, while the module has nothing but what the user wrote. */
  private static CompilerConfiguration configuration(CompilationCustomizer own) {
    CompilerConfiguration configuration = new CompilerConfiguration();
    configuration.setScriptBaseClass(MicaScript.class.getName());
    configuration.setSourceEncoding(StandardCharsets.UTF_8.name());
    configuration.setDisabledGlobalASTTransformations(
        Set.of("groovy.grape.GrabAnnotationTransformation"));
    ImportCustomizer known = new ImportCustomizer();
    Imports.PACKAGES.forEach(known::addStarImports);
    configuration.addCompilationCustomizers(own, known, new InterruptChecks());
    return configuration;
  }
}
