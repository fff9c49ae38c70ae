package dev.mica.scripting;

import dev.mica.MicaException;
import groovy.lang.MissingMethodException;
import groovy.lang.MissingPropertyException;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.stream.Collectors;
import org.codehaus.groovy.control.ErrorCollector;
import org.codehaus.groovy.control.MultipleCompilationErrorsException;
import org.codehaus.groovy.control.messages.ExceptionMessage;
import org.codehaus.groovy.control.messages.SyntaxErrorMessage;
import org.codehaus.groovy.runtime.InvokerInvocationException;
import org.codehaus.groovy.syntax.SyntaxException;
import org.jspecify.annotations.Nullable;

/** Turns what Groovy throws into one line in the user's words. */
final class GroovyErrors {
  private final Session session;
  private final String name;
  private final String source;

  GroovyErrors(Session session, String name, String source) {
    this.session = session;
    this.name = name;
    this.source = source;
  }

  /** The text of a script; what fails while it runs is another matter. */
  static String readScript(Path file) {
    try {
      return Input.withoutMark(Files.readString(file, StandardCharsets.UTF_8));
    } catch (IOException why) {
      throw new ScriptException("cannot run " + file + ": " + reason(why), List.of(), 2, why);
    }
  }

  private static String reason(IOException failure) {
    return switch (failure) {
      case CharacterCodingException odd -> "it is not UTF-8 text";
      case NoSuchFileException missing -> "there is no such file";
      case AccessDeniedException denied -> "permission denied";
      case FileAlreadyExistsException taken -> "it exists already";
      case DirectoryNotEmptyException full -> "it is not empty";
      case FileSystemException other when other.getReason() != null -> other.getReason();
      default -> failure.toString();
    };
  }

  ScriptException translate(Throwable failure) {
    Throwable cause = unwrap(failure);
    return switch (cause) {
      case Cancelled cancelled -> throw cancelled;
      case MultipleCompilationErrorsException errors -> syntax(errors);
      case MicaException known -> failed(known, known.getMessage(), known.kind().exitStatus());
      case MissingPropertyException missing -> failed(missing, property(missing), 1);
      case MissingMethodException missing -> failed(missing, method(missing), 1);
      case NullPointerException nothing when nothing.getMessage() != null ->
          failed(nothing, nothing.getMessage(), 1);
      case FileSystemException file when file.getFile() != null ->
          failed(file, file.getFile() + ": " + reason(file), 1);
      case StackOverflowError deep -> failed(deep, "the script calls itself too deep", 1);
      case AssertionError wrong -> failed(wrong, describe(wrong), 1);
      case VirtualMachineError broken -> failed(broken, describe(broken), 1);
      case LinkageError broken -> failed(broken, describe(broken), 1);
      case Error end -> throw end; // not the script's: whoever runs it wants it to end
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
    return place(line);
  }

  private String place(int line) {
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
      if (message instanceof ExceptionMessage broken) { // what the compiler stumbled over
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
        place(line) + first, excerpt(line, error.getStartColumn()), 1, error);
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

  private String property(MissingPropertyException missing) {
    String wanted = missing.getProperty();
    Class<?> type = missing.getType();
    if (isScript(type)) {
      return "there is no variable or word '"
          + wanted
          + "'"
          + Similar.hint(wanted, wordsAndVariables());
    }
    return Help.typeName(type)
        + " has no property '"
        + wanted
        + "'"
        + Similar.hint(wanted, membersOf(type));
  }

  private String method(MissingMethodException missing) {
    String wanted = missing.getMethod();
    Class<?> type = missing.getType();
    Collection<String> known = isScript(type) ? wordsAndVariables() : membersOf(type);
    if (known.contains(wanted)) {
      return "'"
          + wanted
          + "' does not take ("
          + types(missing.getArguments())
          + ")"
          + Help.find(Help.owner(type), wanted)
              .map(entry -> "; for example " + entry.example())
              .orElse("");
    }
    String subject = isScript(type) ? "there is no word" : Help.typeName(type) + " has no method";
    return subject + " '" + wanted + "'" + Similar.hint(wanted, known);
  }

  private static boolean isScript(Class<?> type) {
    return MicaScript.class.isAssignableFrom(type);
  }

  private static String types(@Nullable Object[] arguments) {
    return Arrays.stream(arguments)
        .map(argument -> argument == null ? "null" : Help.typeName(argument.getClass()))
        .collect(Collectors.joining(", "));
  }

  private List<String> wordsAndVariables() {
    List<String> known = new ArrayList<>(Help.membersOf(Words.class));
    known.addAll(session.variableNames());
    return known;
  }

  private List<String> membersOf(Class<?> type) {
    List<String> known = new ArrayList<>(Members.namesOf(type));
    if (type == UnionBlock.class) {
      known.addAll(session.variableNames());
    }
    return known;
  }

  private static String describe(Throwable cause) {
    String message = cause.getMessage();
    String type = cause.getClass().getSimpleName();
    return message == null || message.isBlank() ? type : type + ": " + message;
  }
}
