package dev.mica.scripting;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import jdk.jshell.Diag;
import jdk.jshell.EvalException;
import jdk.jshell.JShell;
import jdk.jshell.Snippet;
import jdk.jshell.SnippetEvent;
import jdk.jshell.SourceCodeAnalysis;
import jdk.jshell.SourceCodeAnalysis.Completeness;
import jdk.jshell.execution.LocalExecutionControlProvider;
import org.jspecify.annotations.Nullable;

/** Java over a session, in this process: {@code mica} and the session's variables are the same. */
final class JShellEngine implements Engine {
  private static final Map<String, Session> SESSIONS = new ConcurrentHashMap<>();
  private static final AtomicInteger NEXT = new AtomicInteger();
  private static final List<String> PRELUDE =
      List.of(
          "import dev.mica.*;",
          "import dev.mica.folder.*;",
          "import dev.mica.union.*;",
          "import dev.mica.commit.*;",
          "import dev.mica.host.*;",
          "import java.nio.file.*;",
          "import java.util.*;",
          "import java.util.stream.*;");

  private final Session session;
  private final String key = Integer.toString(NEXT.getAndIncrement());
  private @Nullable JShell shell;

  JShellEngine(Session session) {
    this.session = session;
  }

  /** What the prelude calls; the names of objects cannot be passed into a JShell otherwise. */
  static Session session(String key) {
    Session session = SESSIONS.get(key);
    if (session == null) {
      throw new IllegalStateException("no session " + key);
    }
    return session;
  }

  @Override
  public synchronized @Nullable Object evaluate(String source) {
    JShell java = shell();
    session.enter();
    Object last = null;
    String rest = source;
    while (!rest.isBlank()) {
      SourceCodeAnalysis.CompletionInfo info = java.sourceCodeAnalysis().analyzeCompletion(rest);
      String snippet = info.completeness() == Completeness.UNKNOWN ? rest : info.source();
      last = value(java, java.eval(snippet == null ? rest : snippet));
      rest = info.completeness() == Completeness.UNKNOWN ? "" : info.remaining();
    }
    return last;
  }

  @Override
  public @Nullable Object run(Path file, List<String> args) {
    session.variables().put("args", args);
    return evaluate(GroovyErrors.readScript(file));
  }

  @Override
  public boolean isIncomplete(String source) {
    return !source.isBlank()
        && shell().sourceCodeAnalysis().analyzeCompletion(source).completeness()
            == Completeness.DEFINITELY_INCOMPLETE;
  }

  @Override
  public List<Candidate> complete(String source, int cursor) {
    int[] anchor = new int[1];
    return shell().sourceCodeAnalysis().completionSuggestions(source, cursor, anchor).stream()
        .map(SourceCodeAnalysis.Suggestion::continuation)
        .distinct()
        .map(text -> new Candidate(anchor[0], text, "", Candidate.Group.METHODS, false))
        .toList();
  }

  @Override
  public void warm() {
    shell().sourceCodeAnalysis();
  }

  private synchronized JShell shell() {
    if (shell == null) {
      SESSIONS.put(key, session);
      JShell java =
          JShell.builder()
              .executionEngine(new LocalExecutionControlProvider(), Map.of())
              .out(session.out())
              .err(session.out())
              .build();
      java.addToClasspath(System.getProperty("java.class.path"));
      PRELUDE.forEach(java::eval);
      java.eval("dev.mica.Mica mica = dev.mica.scripting.JavaWords.mica(\"" + key + "\");");
      java.eval(
          "java.util.Map<String, Object> vars = dev.mica.scripting.JavaWords.variables(\""
              + key
              + "\");");
      shell = java;
    }
    return shell;
  }

  private @Nullable Object value(JShell java, List<SnippetEvent> events) {
    Object value = null;
    for (SnippetEvent event : events) {
      if (event.status() == Snippet.Status.REJECTED) {
        throw wrong(java, event.snippet());
      }
      if (event.exception() != null) {
        throw failed(event.exception());
      }
      value = event.value() == null || event.value().isEmpty() ? null : new Shown(event.value());
    }
    return value;
  }

  private static ScriptException wrong(JShell java, Snippet snippet) {
    Diag first = java.diagnostics(snippet).filter(Diag::isError).findFirst().orElseThrow();
    String message = first.getMessage(Locale.ROOT).lines().findFirst().orElse("");
    return new ScriptException(message, excerpt(snippet.source(), first), 1, null);
  }

  private static List<String> excerpt(String source, Diag diagnostic) {
    int position = (int) Math.max(0, Math.min(diagnostic.getPosition(), source.length()));
    int start = source.lastIndexOf('\n', Math.max(0, position - 1)) + 1;
    int end = source.indexOf('\n', position);
    List<String> lines = new ArrayList<>();
    lines.add("  " + source.substring(start, end < 0 ? source.length() : end));
    lines.add("  " + " ".repeat(Math.max(0, position - start)) + "^");
    return lines;
  }

  private static ScriptException failed(Throwable failure) {
    String type =
        failure instanceof EvalException eval
            ? eval.getExceptionClassName()
            : failure.getClass().getName();
    boolean known = type.equals("dev.mica.MicaException");
    String simple = type.substring(type.lastIndexOf('.') + 1);
    String message = String.valueOf(failure.getMessage());
    return new ScriptException(known ? message : simple + ": " + message, List.of(), 1, failure);
  }

  /** A value that JShell has already rendered. */
  private record Shown(String text) {
    @Override
    public String toString() {
      return text;
    }
  }
}
