package dev.mica.scripting.groovy;

import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import dev.mica.scripting.help.Help;
import dev.mica.scripting.help.HelpEntry;
import dev.mica.scripting.run.Cancelled;
import dev.mica.scripting.run.Context;
import dev.mica.scripting.run.ScriptException;
import groovy.lang.GroovyRuntimeException;
import groovy.lang.MissingFieldException;
import groovy.lang.MissingMethodException;
import groovy.lang.MissingPropertyException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.codehaus.groovy.control.ErrorCollector;
import org.codehaus.groovy.control.MultipleCompilationErrorsException;
import org.codehaus.groovy.control.messages.ExceptionMessage;
import org.codehaus.groovy.control.messages.SyntaxErrorMessage;
import org.codehaus.groovy.runtime.InvokerInvocationException;
import org.codehaus.groovy.syntax.SyntaxException;
import org.jspecify.annotations.Nullable;

/** Turns what Groovy throws into one line in the user's words. */
public final class GroovyErrors {
  private static final Pattern AMBIGUOUS =
      Pattern.compile("^Ambiguous method overloading for method .*#(.*)\\.");

  private final String name;
  private final String source;
  private final NameErrors names;
  private final ObjectErrors objects;

  public GroovyErrors(Context context, String name, String source) {
    this.name = name;
    this.source = source;
    this.names = new NameErrors(context);
    this.objects = new ObjectErrors(names, source);
  }

  /** The failure as people read it; what must end the script is thrown as it is. */
  public ScriptException translate(Throwable failure) {
    Throwable cause = unwrap(failure);
    return switch (cause) {
      case Cancelled cancelled -> throw cancelled;
      case MultipleCompilationErrorsException errors -> syntax(errors);
      case MicaException known ->
          objects
              .misspelled(known)
              .map(message -> failed(known, message, 1))
              .orElseGet(() -> failed(known, known.getMessage(), known.exitStatus()));
      case MissingPropertyException missing -> failed(missing, names.property(missing), 1);
      case MissingFieldException missing -> failed(missing, names.field(missing), 1);
      case MissingMethodException missing -> failed(missing, names.method(missing), 1);
      case DeclaredMethod.Unfit unfit -> failed(unfit, NameErrors.unfit(unfit), 1);
      case NullPointerException nothing when inMica(nothing).isPresent() ->
          failed(nothing, needsValue(inMica(nothing).get()), 1);
      case NullPointerException nothing when nothing.getMessage() != null ->
          failed(nothing, nothing.getMessage(), 1);
      case GroovyRuntimeException unclear when AMBIGUOUS.matcher(text(unclear)).find() ->
          failed(unclear, ambiguous(unclear), 1);
      case FileSystemException file when file.getFile() != null -> {
        int status = file instanceof AccessDeniedException ? 3 : 1;
        yield failed(file, file.getFile() + ": " + Why.of(file), status);
      }
      case StackOverflowError deep -> failed(deep, "the script calls itself too deep", 1);
      case AssertionError wrong -> failed(wrong, describe(wrong), 1);
      case VirtualMachineError broken -> failed(broken, describe(broken), 1);
      case LinkageError broken -> failed(broken, describe(broken), 1);
      case Error own when Context.isOfScript(own.getClass()) -> failed(own, describe(own), 1);
      case Error end -> throw end; // not the script's fault: the person who runs it wants it to end
      default -> failed(cause, describe(cause), 1);
    };
  }

  private static Throwable unwrap(Throwable failure) {
    Throwable cause = failure;
    while ((cause instanceof InvokerInvocationException
            || cause instanceof java.lang.reflect.InvocationTargetException
            || cause instanceof java.lang.reflect.UndeclaredThrowableException)
        && cause.getCause() != null) {
      cause = cause.getCause();
    }
    return cause;
  }

  private ScriptException failed(Throwable cause, @Nullable String message, int exitStatus) {
    String line = String.valueOf(message).lines().findFirst().orElse("");
    return new ScriptException(where(cause) + line, List.of(), exitStatus, cause);
  }

  /** {@code file:12: } for a file, {@code line 3: } for an input of several lines. */
  private String where(Throwable cause) {
    int line =
        Arrays.stream(cause.getStackTrace())
            .filter(frame -> name.equals(frame.getFileName()))
            .mapToInt(StackTraceElement::getLineNumber)
            .filter(number -> number > 0)
            .findFirst()
            .orElse(0);
    return prefix(line);
  }

  private String prefix(int line) {
    if (line <= 0) {
      return "";
    }
    boolean file = name.contains(".");
    return file ? name + ":" + line + ": " : source.contains("\n") ? "line " + line + ": " : "";
  }

  private ScriptException syntax(MultipleCompilationErrorsException errors) {
    ErrorCollector collector = errors.getErrorCollector();
    for (Object message : collector.getErrors()) {
      if (message instanceof SyntaxErrorMessage syntax) {
        return syntax(syntax.getCause());
      }
      if (message instanceof ExceptionMessage broken) { // what the compiler could not read
        return failed(broken.getCause(), describe(broken.getCause()), 1);
      }
    }
    return failed(errors, errors.getMessage(), 1);
  }

  private ScriptException syntax(SyntaxException error) {
    String message = String.valueOf(error.getOriginalMessage());
    String first = message.lines().findFirst().orElse("").replaceFirst(" *@ line \\d+.*", "");
    int line = error.getStartLine();
    return new ScriptException(
        prefix(line) + first, excerpt(line, error.getStartColumn()), 1, error);
  }

  private List<String> excerpt(int line, int column) {
    List<String> lines = source.lines().toList();
    if (line < 1 || line > lines.size()) {
      return List.of();
    }
    String text = lines.get(line - 1).replace('\t', ' ');
    int from = Math.max(0, Math.min(column - 60, text.length()));
    String shown = text.substring(from, Math.min(text.length(), from + 100));
    return List.of("  " + shown, "  " + " ".repeat(Math.max(0, column - 1 - from)) + "^");
  }

  /** The method of Mica that the script has called and that failed because a value was missing. */
  private Optional<StackTraceElement> inMica(NullPointerException nothing) {
    return Arrays.stream(nothing.getStackTrace())
        .takeWhile(frame -> !isOfScript(frame))
        .filter(frame -> frame.getClassName().startsWith("dev.mica."))
        .reduce((inner, outer) -> outer);
  }

  private boolean isOfScript(StackTraceElement frame) {
    return name.equals(frame.getFileName()) || frame.getClassName().startsWith("REPL.");
  }

  private static String needsValue(StackTraceElement called) {
    String method = called.getMethodName().replaceFirst("^lambda\\$(.*)\\$\\d+$", "$1");
    Optional<HelpEntry> help =
        Help.get().lookUp(method).stream()
            .filter(entry -> Help.get().isOf(entry, called.getClassName()))
            .findFirst();
    return help.map(HelpEntry::title).orElse(method + "()")
        + " got null where it needs a value"
        + help.map(entry -> "; for example " + entry.example()).orElse("");
  }

  private static String text(Throwable failure) {
    return String.valueOf(failure.getMessage());
  }

  private static String ambiguous(GroovyRuntimeException unclear) {
    Matcher method = AMBIGUOUS.matcher(text(unclear));
    String called = method.find() ? method.group(1) : "";
    return "'"
        + (called.equals("<init>") ? "new" : called)
        + "' takes several types, and null may be any of them; say which: null as String";
  }

  private static String describe(Throwable cause) {
    String message = cause.getMessage();
    String type = cause.getClass().getSimpleName();
    return message == null || message.isBlank() ? type : type + ": " + message;
  }
}
