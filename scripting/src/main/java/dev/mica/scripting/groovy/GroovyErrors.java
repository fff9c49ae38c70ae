package dev.mica.scripting.groovy;

import dev.mica.Schemas;
import dev.mica.failure.MicaException;
import dev.mica.failure.Nearest;
import dev.mica.schema.Descriptor;
import dev.mica.scripting.complete.SourceText;
import dev.mica.scripting.complete.Token;
import dev.mica.scripting.help.Help;
import dev.mica.scripting.help.HelpEntry;
import dev.mica.scripting.help.Members;
import dev.mica.scripting.run.Cancelled;
import dev.mica.scripting.run.Context;
import dev.mica.scripting.run.ScriptException;
import dev.mica.scripting.words.PlanBlock;
import dev.mica.scripting.words.UnionBlock;
import dev.mica.scripting.words.VmBlock;
import dev.mica.scripting.words.Words;
import groovy.lang.GroovyRuntimeException;
import groovy.lang.MissingFieldException;
import groovy.lang.MissingMethodException;
import groovy.lang.MissingPropertyException;
import java.io.IOException;
import java.lang.reflect.Method;
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
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
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

  private static final String FIND = "cannot find the ";

  private final Context context;
  private final String name;
  private final String source;

  public GroovyErrors(Context context, String name, String source) {
    this.context = context;
    this.name = name;
    this.source = source;
  }

  /** The text of a script file; fails in the user's words if it cannot be read. */
  public static String readScript(Path file) {
    try {
      return SourceText.withoutMark(Files.readString(file, StandardCharsets.UTF_8));
    } catch (AccessDeniedException why) {
      String toDo = "; run it as root, or as the owner";
      throw new ScriptException(
          "cannot run " + file + ": " + reason(why) + toDo, List.of(), 3, why);
    } catch (IOException why) {
      String reason = Files.isDirectory(file) ? "it is a directory" : reason(why);
      throw new ScriptException("cannot run " + file + ": " + reason, List.of(), 2, why);
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

  public ScriptException translate(Throwable failure) {
    Throwable cause = unwrap(failure);
    return switch (cause) {
      case Cancelled cancelled -> throw cancelled;
      case MultipleCompilationErrorsException errors -> syntax(errors);
      case MicaException none when isWordCalled(none) ->
          failed(none, takesNothing(singular(owner(none).orElseThrow()).orElseThrow() + "s"), 1);
      case MicaException none when isMember(none) -> failed(none, member(none), 1);
      case MicaException known -> failed(known, known.getMessage(), known.exitStatus());
      case MissingPropertyException missing -> failed(missing, property(missing), 1);
      case MissingFieldException missing -> failed(missing, field(missing), 1);
      case MissingMethodException missing -> failed(missing, method(missing), 1);
      case DeclaredMethod.Unfit unfit -> failed(unfit, unfit(unfit), 1);
      case NullPointerException nothing when inMica(nothing).isPresent() ->
          failed(nothing, needsValue(inMica(nothing).get()), 1);
      case NullPointerException nothing when nothing.getMessage() != null ->
          failed(nothing, nothing.getMessage(), 1);
      case GroovyRuntimeException unclear when AMBIGUOUS.matcher(text(unclear)).find() ->
          failed(unclear, ambiguous(unclear), 1);
      case FileSystemException file when file.getFile() != null -> {
        int status = file instanceof AccessDeniedException ? 3 : 1;
        yield failed(file, file.getFile() + ": " + reason(file), status);
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
    if (!isScript(type)) {
      return noProperty(type, wanted);
    }
    return Help.get()
        .find(Words.class, wanted)
        .map(word ->
            "'" + wanted + "' is a word that takes something; for example " + word.example())
        .orElseGet(() ->
            "there is no variable or word '"
                + wanted
                + "'"
                + Nearest.hint(wanted, wordsAndVariables()));
  }

  private String noProperty(Class<?> type, String wanted) {
    Members.Member method = new Members(Help.get()).find(type, wanted);
    if (method != null) {
      String call = wanted + (method.takesArguments() ? "(…)" : "()");
      return "'"
          + wanted
          + "' of "
          + Help.get().typeName(type)
          + (method.property() ? " can only be read" : " is a method; write " + call);
    }
    return Help.get().typeName(type)
        + " has no property '"
        + wanted
        + "'"
        + Nearest.hint(wanted, membersOf(type));
  }

  private String field(MissingFieldException missing) {
    Class<?> type = missing.getType();
    String wanted = missing.getField();
    return Help.get().typeName(type)
        + " has no field '"
        + wanted
        + "'"
        + (new Members(Help.get()).find(type, wanted) != null
            ? "; leave out the @"
            : Nearest.hint(wanted, membersOf(type)));
  }

  private String method(MissingMethodException missing) {
    String wanted = missing.getMethod();
    Class<?> type = missing.getType();
    List<Object> arguments = Arrays.asList(missing.getArguments());
    if (!signatures(type, wanted).isEmpty()) {
      return unfit(type, wanted, arguments);
    }
    if (isScript(type) && context.variables().containsKey(wanted)) {
      return "'" + wanted + "' is a variable, and no block or method that could be called";
    }
    if (isScript(type) && Help.get().isProperty(Words.class, wanted)) {
      return takesNothing(wanted);
    }
    Members.Member property = new Members(Help.get()).find(type, wanted);
    if (property != null && property.property()) {
      return "'" + wanted + "' of " + Help.get().typeName(type) + " is a property; write " + wanted;
    }
    Collection<String> known = isScript(type) ? wordsAndVariables() : membersOf(type);
    if (known.contains(wanted)) {
      return unfit(type, wanted, arguments);
    }
    String subject =
        isScript(type) ? "there is no word" : Help.get().typeName(type) + " has no method";
    return noMethod(subject, wanted, known);
  }

  private static String takesNothing(String word) {
    return "'" + word + "' takes nothing; write " + word;
  }

  private static String noMethod(String subject, String wanted, Collection<String> known) {
    return subject + " '" + wanted + "'" + Nearest.hint(wanted, known);
  }

  private static String unfit(DeclaredMethod.Unfit unfit) {
    return unfit(unfit.script(), unfit.method(), unfit.arguments());
  }

  /** Adds an example for a member of Mica, and the parameters for a method of the user's own. */
  private static String unfit(Class<?> type, String method, List<?> arguments) {
    String wants =
        Help.get()
            .find(Help.get().face(type), method)
            .map(entry -> "; for example " + entry.example())
            .orElseGet(() -> takes(signatures(type, method)));
    return "'" + method + "' does not take (" + types(arguments) + ")" + wants;
  }

  private static String takes(List<String> signatures) {
    return signatures.isEmpty() ? "" : "; it takes " + String.join(" or ", signatures);
  }

  /** The parameters of the methods of that name that a script can call: {@code (int, String)}. */
  private static List<String> signatures(Class<?> type, String method) {
    return (Context.isOfScript(type)
            ? Stream.of(type.getMethods(), type.getDeclaredMethods())
            : Stream.<Method[]>of(Help.get().face(type).getMethods()))
        .flatMap(Arrays::stream)
        .filter(each -> each.getName().equals(method) && !each.isSynthetic())
        .map(each ->
            Arrays.stream(each.getParameterTypes())
                .map(Help.get()::typeName)
                .collect(Collectors.joining(", ", "(", ")")))
        .distinct()
        .toList();
  }

  /**
   * Groovy uses the {@code get(String)} of unions, commits and VMs for properties that they do not
   * have, so {@code commits.grpah()} asks for a commit of that name.
   */
  private boolean isMember(MicaException none) {
    return owner(none).isPresent() && places(none).findAny().isPresent();
  }

  /** For {@code unions()} it asks for a property as well, which nobody has named. */
  private boolean isWordCalled(MicaException none) {
    return owner(none).isPresent()
        && none.object().equals("call")
        && SourceText.of(source).tokens().stream()
            .noneMatch(token -> token.text().contains("call"));
  }

  /** The places where the source asks an object for it, as indexes of tokens. */
  private IntStream places(MicaException none) {
    List<Token> tokens = SourceText.of(source).tokens();
    return IntStream.range(1, tokens.size())
        .filter(i -> tokens.get(i).is(none.object()) && tokens.get(i - 1).is("."));
  }

  /** Whether it is called at every place where it is named. */
  private boolean isCalled(MicaException none) {
    List<Token> tokens = SourceText.of(source).tokens();
    return places(none).allMatch(i -> i + 1 < tokens.size() && tokens.get(i + 1).is("("));
  }

  private static Optional<Class<?>> owner(MicaException none) {
    return Schemas.OBJECTS.descriptors().stream()
        .map(Descriptor::face)
        .filter(type -> singular(type).filter(one -> isOf(none, one)).isPresent())
        .<Class<?>>map(type -> type)
        .findFirst();
  }

  /** Whether the message is about an object of that kind; messages write "VM" in capitals. */
  private static boolean isOf(MicaException none, String one) {
    String begins = FIND + one + " " + none.object();
    return text(none).regionMatches(true, 0, begins, 0, begins.length());
  }

  /** The type that {@code get(String)} of {@code type} returns; empty if it has no such method. */
  private static Optional<String> singular(Class<?> type) {
    return Arrays.stream(type.getMethods())
        .filter(method -> method.getName().equals("get"))
        .filter(method -> Arrays.equals(method.getParameterTypes(), new Class<?>[] {String.class}))
        .map(method -> Help.get().typeName(method.getReturnType()).toLowerCase(Locale.ROOT))
        .findFirst();
  }

  private String member(MicaException none) {
    Class<?> type = owner(none).orElseThrow();
    if (isCalled(none)) {
      return noMethod(Help.get().typeName(type) + " has no method", none.object(), membersOf(type));
    }
    return noProperty(type, none.object())
        + ", and there is no "
        + text(none).substring(FIND.length(), FIND.length() + singular(type).orElseThrow().length())
        + " of that name";
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

  private static boolean isScript(Class<?> type) {
    return MicaScript.class.isAssignableFrom(type);
  }

  private static String types(List<?> arguments) {
    return arguments.stream()
        .map(argument -> argument == null ? "null" : Help.get().typeName(argument.getClass()))
        .collect(Collectors.joining(", "));
  }

  private List<String> wordsAndVariables() {
    List<String> known = new ArrayList<>(Help.get().membersOf(Words.class));
    known.addAll(context.variables().names());
    return known;
  }

  private List<String> membersOf(Class<?> type) {
    List<String> known = new ArrayList<>(new Members(Help.get()).namesOf(type));
    if (type == UnionBlock.class || type == VmBlock.class || type == PlanBlock.class) {
      known.addAll(context.variables().names());
    }
    return known;
  }

  private static String describe(Throwable cause) {
    String message = cause.getMessage();
    String type = cause.getClass().getSimpleName();
    return message == null || message.isBlank() ? type : type + ": " + message;
  }
}
