package dev.mica.scripting.jshell;

import dev.mica.scripting.groovy.GroovyErrors;
import dev.mica.scripting.run.Analysis;
import dev.mica.scripting.run.Candidate;
import dev.mica.scripting.run.Context;
import dev.mica.scripting.run.Evaluation;
import dev.mica.scripting.run.ScriptEngine;
import dev.mica.scripting.run.ScriptException;
import dev.mica.scripting.run.ScriptFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.function.Predicate;
import jdk.jshell.Diag;
import jdk.jshell.EvalException;
import jdk.jshell.Snippet;
import jdk.jshell.SnippetEvent;
import jdk.jshell.SourceCodeAnalysis;
import jdk.jshell.SourceCodeAnalysis.Completeness;
import jdk.jshell.spi.SPIResolutionException;
import org.jspecify.annotations.Nullable;

/**
 * Java over a session, in this process: {@code mica} and the session's variables are the same.
 *
 * <p>Nothing is locked while a snippet runs: it takes the JShell and gives it back at its end. One
 * that was abandoned has taken it for good, and the next makes another with the same declarations.
 */
public final class JShellEngine implements ScriptEngine {
  private final Context context;
  private JavaShell.Legacy legacy;
  private @Nullable JavaShell idle;

  /** With nothing declared. */
  public JShellEngine(Context context) {
    this(context, JavaShell.Legacy.NONE);
  }

  private JShellEngine(Context context, JavaShell.Legacy legacy) {
    this.context = context;
    this.legacy = legacy;
  }

  /**
   * One that has nothing of this but the variables whose value satisfies {@code lasts}; the names
   * of all go to {@code kept} or {@code dropped}.
   */
  public JShellEngine anew(
      Predicate<@Nullable Object> lasts, List<String> kept, List<String> dropped) {
    List<JavaShell.Variable> lasting = new ArrayList<>();
    for (JavaShell.Variable variable : legacy().variables()) {
      boolean stays = variable.isThere() && lasts.test(variable.value());
      (stays ? kept : dropped).add(variable.name());
      if (stays) {
        lasting.add(variable);
      }
    }
    return new JShellEngine(context, new JavaShell.Legacy(List.of(), lasting));
  }

  private synchronized JavaShell.Legacy legacy() {
    return legacy;
  }

  @Override
  public @Nullable Object evaluate(String source) {
    context.enter();
    JavaShell shell = take();
    try {
      return evaluate(shell, source);
    } finally {
      if (!Evaluation.isOfAbandoned()) {
        giveBack(shell);
      }
    }
  }

  private static @Nullable Object evaluate(JavaShell shell, String source) {
    Object last = null;
    String rest = source;
    while (!rest.isBlank()) {
      SourceCodeAnalysis.CompletionInfo info = shell.analysis().analyzeCompletion(rest);
      if (info.completeness() == Completeness.EMPTY) {
        break; // a comment
      }
      // What is no snippet is for the compiler to refuse, as it is, or it would come back for ever.
      String snippet = info.completeness().isComplete() ? info.source() : rest;
      last = value(shell, shell.evaluate(snippet));
      rest = info.completeness().isComplete() ? info.remaining() : "";
    }
    return last;
  }

  @Override
  public @Nullable Object run(Path file, List<String> args) {
    context.enter();
    return run(String.valueOf(file.getFileName()), ScriptFile.read(file), args);
  }

  @Override
  public @Nullable Object run(String name, String source, List<String> args) {
    context.enter();
    context.variables().put("args", args);
    return evaluate(source.replaceFirst("^#!.*", ""));
  }

  @Override
  public boolean isIncomplete(String source) {
    if (source.isBlank()) {
      return false;
    }
    Completeness completeness =
        ask(analysis -> analysis.analyzeCompletion(source).completeness(), Completeness.UNKNOWN);
    return switch (completeness) {
      case DEFINITELY_INCOMPLETE, CONSIDERED_INCOMPLETE -> true; // the latter: if (x), for (;;)
      case COMPLETE, COMPLETE_WITH_SEMI, EMPTY, UNKNOWN -> false;
    };
  }

  @Override
  public List<Candidate> complete(String source, int cursor) {
    return ask(analysis -> complete(analysis, source, cursor), List.of());
  }

  private static List<Candidate> complete(SourceCodeAnalysis analysis, String source, int cursor) {
    int[] anchor = new int[1];
    return analysis.completionSuggestions(source, cursor, anchor).stream()
        .map(SourceCodeAnalysis.Suggestion::continuation)
        .distinct()
        .map(text -> new Candidate(anchor[0], text, "", Candidate.Group.METHODS, false))
        .toList();
  }

  @Override
  public void warm() {
    analysis();
  }

  private SourceCodeAnalysis analysis() {
    JavaShell shell = take();
    giveBack(shell);
    return shell.analysis();
  }

  /** A JShell that does not answer is not asked again. */
  private <T> T ask(Function<SourceCodeAnalysis, T> question, T otherwise) {
    return Analysis.ask(
        () -> question.apply(analysis()),
        () -> {
          forget();
          return otherwise;
        });
  }

  private synchronized void forget() {
    idle = null;
  }

  private JavaShell take() {
    JavaShell.Legacy before;
    synchronized (this) {
      JavaShell shell = idle;
      if (shell != null) {
        idle = null;
        return shell;
      }
      before = legacy;
    }
    return new JavaShell(context, before);
  }

  private synchronized void giveBack(JavaShell shell) {
    shell.remember();
    legacy = shell.legacy();
    idle = shell;
  }

  private static @Nullable Object value(JavaShell shell, List<SnippetEvent> events) {
    Object value = null;
    for (SnippetEvent event : events) {
      if (event.status() == Snippet.Status.REJECTED) {
        throw wrong(shell, event.snippet());
      }
      if (event.exception() != null) {
        throw failed(shell, event.exception());
      }
      value = event.value() == null || event.value().isEmpty() ? null : new Shown(event.value());
    }
    Evaluation.check(); // it may have ended where nothing asks
    return value;
  }

  private static ScriptException wrong(JavaShell shell, Snippet snippet) {
    return shell
        .jshell()
        .diagnostics(snippet)
        .filter(Diag::isError)
        .findFirst()
        .map(first ->
            new ScriptException(
                first.getMessage(Locale.ROOT).lines().findFirst().orElse(""),
                excerpt(snippet.source(), first),
                1,
                null))
        .orElseGet(() -> new ScriptException("this is no Java", List.of(), 1, null));
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

  /** JShell tells only the text of what was thrown; it is translated like what Groovy throws. */
  private static ScriptException failed(JavaShell shell, Throwable told) {
    Throwable thrown = shell.failure();
    if (thrown != null && !(thrown instanceof SPIResolutionException)) {
      return new GroovyErrors(shell.context(), "", "").translate(thrown);
    }
    String type =
        told instanceof EvalException eval
            ? eval.getExceptionClassName()
            : told.getClass().getName();
    String simple = type.substring(type.lastIndexOf('.') + 1);
    return new ScriptException(simple + ": " + told.getMessage(), List.of(), 1, told);
  }

  /** A value that JShell has already rendered. */
  private record Shown(String text) {
    @Override
    public String toString() {
      return text;
    }
  }
}
