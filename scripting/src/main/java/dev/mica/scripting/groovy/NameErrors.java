package dev.mica.scripting.groovy;

import dev.mica.failure.Nearest;
import dev.mica.scripting.help.Help;
import dev.mica.scripting.help.Members;
import dev.mica.scripting.run.Context;
import dev.mica.scripting.words.PlanBlock;
import dev.mica.scripting.words.UnionBlock;
import dev.mica.scripting.words.VmBlock;
import dev.mica.scripting.words.Words;
import groovy.lang.MissingFieldException;
import groovy.lang.MissingMethodException;
import groovy.lang.MissingPropertyException;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Says what is wrong with a name that Groovy cannot find, or with arguments that a method does not
 * take, and what to write instead.
 */
final class NameErrors {
  private final Context context;

  NameErrors(Context context) {
    this.context = context;
  }

  /** A property, word or variable that does not exist. */
  String property(MissingPropertyException missing) {
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

  /** A property that a type does not have. */
  String noProperty(Class<?> type, String wanted) {
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

  /** A field, asked for with {@code .@}. */
  String field(MissingFieldException missing) {
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

  /** A method that does not exist, or that does not take these arguments. */
  String method(MissingMethodException missing) {
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
    return unknown(subject, wanted, known);
  }

  /** A word that was called, but is read. */
  static String takesNothing(String word) {
    return "'" + word + "' takes nothing; write " + word;
  }

  /** A method that a type does not have. */
  String noMethod(Class<?> type, String wanted) {
    return unknown(Help.get().typeName(type) + " has no method", wanted, membersOf(type));
  }

  private static String unknown(String subject, String wanted, Collection<String> known) {
    return subject + " '" + wanted + "'" + Nearest.hint(wanted, known);
  }

  /** Arguments that no method of that name takes. */
  static String unfit(DeclaredMethod.Unfit unfit) {
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
}
