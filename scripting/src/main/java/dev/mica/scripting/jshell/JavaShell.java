package dev.mica.scripting.jshell;

import dev.mica.scripting.run.Context;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import jdk.jshell.JShell;
import jdk.jshell.Snippet;
import jdk.jshell.Snippet.Kind;
import jdk.jshell.Snippet.SubKind;
import jdk.jshell.SnippetEvent;
import jdk.jshell.SourceCodeAnalysis;
import jdk.jshell.VarSnippet;
import org.jspecify.annotations.Nullable;

/** One JShell over a session. It is replaced as a whole, and what it has declared passed on. */
final class JavaShell {
  private static final Map<String, JavaShell> BEGINNING = new ConcurrentHashMap<>();
  private static final AtomicInteger NEXT = new AtomicInteger();
  private static final String WORDS = JavaWords.class.getName();
  private static final List<String> PRELUDE =
      List.of(
          "import dev.mica.*;",
          "import dev.mica.folder.*;",
          "import dev.mica.union.*;",
          "import dev.mica.commit.*;",
          "import dev.mica.host.*;",
          "import dev.mica.failure.*;",
          "import java.nio.file.*;",
          "import java.util.*;",
          "import java.util.stream.*;");

  private final Context context;
  private final String key = Integer.toString(NEXT.getAndIncrement());
  private final JavaExecution execution = new JavaExecution();
  private final JShell shell;
  private final long prelude;
  private Map<String, Object> inherited = Map.of();
  private Legacy legacy = Legacy.NONE;

  /**
   * What was declared in one, for the next.
   *
   * @param sources imports, types and methods as they were typed, in this order
   * @param variables in the order of their making
   */
  record Legacy(List<String> sources, List<Variable> variables) {
    static final Legacy NONE = new Legacy(List.of(), List.of());
  }

  /** A variable; its value is what it is when it is asked for. */
  record Variable(JavaShell shell, VarSnippet declaration) {
    /** Whether it is there yet: a line that was abandoned may have declared it anew. */
    boolean isThere() {
      return shell.shell.status(declaration) == Snippet.Status.VALID;
    }

    String name() {
      return declaration.name();
    }

    @Nullable Object value() {
      shell.shell.varValue(declaration);
      return shell.execution.read();
    }
  }

  /** Makes one in which {@code from} holds, but for variables of classes that were left behind. */
  JavaShell(Context context, Legacy from) {
    this.context = context;
    BEGINNING.put(key, this);
    shell =
        JShell.builder()
            .executionEngine(execution, Map.of())
            .out(context.out())
            .err(context.out())
            .build();
    shell.addToClasspath(System.getProperty("java.class.path"));
    PRELUDE.forEach(shell::eval);
    shell.eval("dev.mica.Mica mica = " + WORDS + ".mica(\"" + key + "\");");
    shell.eval("java.util.Map<String, Object> vars = " + WORDS + ".variables(\"" + key + "\");");
    prelude = shell.snippets().count();
    from.sources.forEach(shell::eval);
    from.variables.stream().filter(Variable::isThere).forEach(this::inherit);
    remember();
    BEGINNING.remove(key);
  }

  /** Which one a snippet is of that it begins with: no object can be passed in but by a name. */
  static JavaShell named(String key) {
    JavaShell shell = BEGINNING.get(key);
    if (shell == null) {
      throw new IllegalStateException("no Java shell " + key);
    }
    return shell;
  }

  Context context() {
    return context;
  }

  /** The value of a variable that is being taken over. */
  @Nullable Object inherited(String name) {
    return inherited.get(name);
  }

  private void inherit(Variable variable) {
    Object value = variable.value();
    String type = variable.declaration.typeName();
    if (value != null) {
      inherited = Map.of(variable.name(), value);
      String given = WORDS + ".inherited(\"" + key + "\", \"" + variable.name() + "\")";
      shell.eval(type + " " + variable.name() + " = (" + type + ") " + given + ";");
      inherited = Map.of();
    } else {
      shell.eval(type + " " + variable.name() + ";");
    }
  }

  SourceCodeAnalysis analysis() {
    return shell.sourceCodeAnalysis();
  }

  List<SnippetEvent> evaluate(String snippet) {
    return shell.eval(snippet);
  }

  /** What the last snippet threw; null if it threw nothing. */
  @Nullable Throwable failure() {
    return execution.failure();
  }

  JShell jshell() {
    return shell;
  }

  /** What was declared when {@link #remember} was called last. */
  Legacy legacy() {
    return legacy;
  }

  /** Takes down what is declared now; not while a snippet runs. */
  void remember() {
    List<String> sources = new ArrayList<>();
    for (Kind kind : List.of(Kind.IMPORT, Kind.TYPE_DECL, Kind.METHOD)) {
      own().filter(each -> each.kind() == kind).map(Snippet::source).forEach(sources::add);
    }
    List<Variable> variables =
        own()
            .filter(each -> each.subKind() != SubKind.TEMP_VAR_EXPRESSION_SUBKIND)
            .filter(VarSnippet.class::isInstance)
            .map(each -> new Variable(this, (VarSnippet) each))
            .toList();
    legacy = new Legacy(sources, variables);
  }

  private Stream<Snippet> own() {
    return shell.snippets().skip(prelude).filter(each -> shell.status(each).isActive());
  }
}
