package dev.mica.scripting.complete;

import dev.mica.folder.Folder;
import dev.mica.scripting.complete.Token.Kind;
import dev.mica.scripting.help.Members;
import dev.mica.scripting.help.Types;
import dev.mica.scripting.run.Context;
import dev.mica.scripting.words.Words;
import groovy.lang.DelegatesTo;
import java.lang.reflect.Method;
import java.lang.reflect.Parameter;
import java.lang.reflect.Type;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Works out the type of an expression from its tokens. Looks at classes only. */
final class Inference {
  private static final int DEPTH = 20;

  private final Context context;
  private final Members members;
  private final Function<String, Stream<String>> imported;
  private int depth;

  /**
   * {@code imported}: the names of the classes that a simple name may mean, the most likely first.
   */
  Inference(Context context, Members members, Function<String, Stream<String>> imported) {
    this.context = context;
    this.members = members;
    this.imported = imported;
  }

  /** The type of the expression at the end of {@code tokens}; null if it cannot be known. */
  @Nullable Type typeAtEnd(List<Token> tokens) {
    if (tokens.isEmpty() || ++depth > DEPTH) {
      return null;
    }
    int last = tokens.size() - 1;
    Token end = tokens.get(last);
    return switch (end.kind()) {
      case STRING -> String.class;
      case NUMBER -> number(end.text());
      case WORD -> named(tokens, last, false);
      case CLOSE -> closed(tokens, last);
      default -> null;
    };
  }

  private static Type number(String text) {
    return text.contains(".") ? java.math.BigDecimal.class : Integer.class;
  }

  /**
   * An expression that ends in a bracket: a call, an index, a list, or an expression in brackets.
   */
  private @Nullable Type closed(List<Token> tokens, int close) {
    int open = Tokens.matching(tokens, close);
    if (open < 0) {
      return null;
    }
    boolean called = open > 0 && tokens.get(open - 1).kind() == Kind.WORD;
    if (tokens.get(close).is("]")) {
      boolean index = open > 0 && tokens.get(open - 1).isOperand();
      return index ? indexed(tokens.subList(0, open)) : literal(tokens.subList(open, close));
    }
    if (called) {
      return named(tokens, open - 1, true);
    }
    boolean block = tokens.get(close).is("}");
    if (block && open > 0 && tokens.get(open - 1).is(")")) {
      return closed(tokens, open - 1);
    }
    return block ? null : expression(tokens.subList(open + 1, close));
  }

  private static Type literal(List<Token> inside) {
    boolean map = inside.stream().anyMatch(token -> token.is(":"));
    return map ? Map.class : List.class;
  }

  private @Nullable Type indexed(List<Token> left) {
    Type type = typeAtEnd(left);
    if (type == null) {
      return null;
    }
    Members.Member at = members.find(Types.raw(type), "getAt");
    Type element = Types.element(type);
    return element != null ? element : at == null ? null : at.typeOn(type);
  }

  /** The type of a whole expression: {@code a / 'b'} and chains. */
  private @Nullable Type expression(List<Token> tokens) {
    int level = 0;
    for (int i = tokens.size() - 1; i > 0; i--) {
      Token token = tokens.get(i);
      level += token.kind() == Kind.CLOSE ? 1 : token.kind() == Kind.OPEN ? -1 : 0;
      if (level == 0 && token.is("/")) {
        return quotient(expression(tokens.subList(0, i)));
      }
    }
    return typeAtEnd(tokens);
  }

  private @Nullable Type quotient(@Nullable Type left) {
    if (left == null) {
      return null;
    }
    Members.Member div = members.find(Types.raw(left), "div");
    return div == null ? left : div.typeOn(left);
  }

  /** A name after a dot or at the beginning, which may be called. */
  private @Nullable Type named(List<Token> tokens, int at, boolean called) {
    String name = tokens.get(at).text();
    boolean member = at > 1 && Set.of(".", "?.").contains(tokens.get(at - 1).text());
    if (member) {
      List<Token> left = tokens.subList(0, at - 1);
      Class<?> type = classNamedAtEnd(left);
      return type != null ? staticType(type, name) : memberType(typeAtEnd(left), name);
    }
    if (at > 0 && tokens.get(at - 1).is("new")) {
      return classNamed(name);
    }
    return called ? memberType(Words.class, name) : variable(tokens, at, name);
  }

  private @Nullable Type memberType(@Nullable Type owner, String name) {
    if (owner == null) {
      return null;
    }
    Members.Member member = members.find(Types.raw(owner), name);
    if (member == null && Map.class.isAssignableFrom(Types.raw(owner))) {
      return Object.class;
    }
    return member == null ? null : unwrap(member, member.typeOn(owner));
  }

  /** In Groovy, a property that is an Optional in Java is its value or null. */
  private static Type unwrap(Members.Member member, Type type) {
    boolean optional = Types.raw(type) == java.util.Optional.class && member.property();
    return optional && type instanceof java.lang.reflect.ParameterizedType generic
        ? generic.getActualTypeArguments()[0]
        : type;
  }

  private static @Nullable Type staticType(Class<?> type, String name) {
    return Members.statics(type).stream()
        .filter(method -> method.getName().equals(name))
        .map(Method::getGenericReturnType)
        .findFirst()
        .orElse(type.isEnum() ? type : null);
  }

  private @Nullable Type variable(List<Token> tokens, int at, String name) {
    Type assigned = assigned(tokens.subList(0, at), name);
    if (assigned != null) {
      return assigned;
    }
    Object value = context.variables().get(name);
    if (value != null) {
      return value.getClass();
    }
    if (name.equals("it")) {
      return it(tokens.subList(0, at));
    }
    return memberType(Words.class, name);
  }

  /** The type of the last {@code name = …} in the same text. */
  private @Nullable Type assigned(List<Token> tokens, String name) {
    for (int i = tokens.size() - 2; i >= 0; i--) {
      if (tokens.get(i).is(name) && tokens.get(i + 1).is("=")) {
        return expression(tokens.subList(i + 2, endOfStatement(tokens, i + 2)));
      }
    }
    return null;
  }

  private static int endOfStatement(List<Token> tokens, int from) {
    int level = 0;
    for (int i = from; i < tokens.size(); i++) {
      Token token = tokens.get(i);
      level += token.kind() == Kind.OPEN ? 1 : token.kind() == Kind.CLOSE ? -1 : 0;
      boolean ends = token.kind() == Kind.NEWLINE || token.is(";");
      if (level < 0 || (level == 0 && ends)) {
        return i;
      }
    }
    return tokens.size();
  }

  /**
   * The parameter of the innermost block: an element of the object on which the method is called.
   */
  private @Nullable Type it(List<Token> tokens) {
    int open = Tokens.innermostOpen(tokens);
    while (open > 0 && !tokens.get(open).is("{")) {
      open = Tokens.innermostOpen(tokens.subList(0, open));
    }
    int word = open > 0 && tokens.get(open - 1).is("(") ? open - 2 : open - 1;
    boolean call = word > 1 && tokens.get(word).kind() == Kind.WORD && tokens.get(word - 1).is(".");
    Type receiver = call ? typeAtEnd(tokens.subList(0, word - 1)) : null;
    if (receiver == null) {
      return null;
    }
    Type element = Types.element(receiver);
    return element == null ? receiver : element;
  }

  /** The type with the words of the innermost block; null outside of such a block. */
  @Nullable Class<?> delegate(List<Token> tokens) {
    int open = Tokens.innermostOpen(tokens);
    if (open < 1 || !tokens.get(open).is("{")) {
      return null;
    }
    int called = beforeArguments(tokens, open - 1);
    if (called < 0 || tokens.get(called).kind() != Kind.WORD) {
      return null;
    }
    String word = tokens.get(called).text();
    return Arrays.stream(Words.class.getMethods())
        .filter(method -> method.getName().equals(word))
        .flatMap(method -> Arrays.stream(method.getParameters()))
        .map(Inference::delegate)
        .filter(java.util.Objects::nonNull)
        .findFirst()
        .orElse(null);
  }

  /**
   * The position of the word that is called with the arguments that end at {@code at}, if it is a
   * call.
   */
  private static int beforeArguments(List<Token> tokens, int at) {
    if (!tokens.get(at).is(")")) {
      return at;
    }
    int level = 0;
    for (int i = at; i >= 0; i--) {
      Kind kind = tokens.get(i).kind();
      level += kind == Kind.CLOSE ? 1 : kind == Kind.OPEN ? -1 : 0;
      if (level == 0) {
        return i - 1;
      }
    }
    return -1;
  }

  private static @Nullable Class<?> delegate(Parameter parameter) {
    DelegatesTo declared = parameter.getAnnotation(DelegatesTo.class);
    return declared == null ? null : declared.value();
  }

  /** The names assigned in the same text. */
  Set<String> localNames(List<Token> tokens) {
    Set<String> names = new LinkedHashSet<>();
    for (int i = 0; i + 1 < tokens.size(); i++) {
      boolean assigned = tokens.get(i).kind() == Kind.WORD && tokens.get(i + 1).is("=");
      if (assigned && !context.variables().containsKey(tokens.get(i).text())) {
        names.add(tokens.get(i).text());
      }
    }
    return names;
  }

  /** The class whose name is at the end of {@code tokens}, if its static members are meant. */
  @Nullable Class<?> classNamedAtEnd(List<Token> tokens) {
    if (tokens.isEmpty() || tokens.getLast().kind() != Kind.WORD) {
      return null;
    }
    String name = tokens.getLast().text();
    boolean plain =
        tokens.size() < 2 || !Set.of(".", "new").contains(tokens.get(tokens.size() - 2).text());
    return plain && Character.isUpperCase(name.charAt(0)) ? classNamed(name) : null;
  }

  private @Nullable Class<?> classNamed(String name) {
    if (context.variables().containsKey(name)) {
      return null;
    }
    return imported
        .apply(name)
        .map(Inference::load)
        .filter(java.util.Objects::nonNull)
        .findFirst()
        .orElse(null);
  }

  /** Loads a class without initialising it, because a static initialiser is code too. */
  private static @Nullable Class<?> load(String name) {
    try {
      return Class.forName(name, false, Folder.class.getClassLoader());
    } catch (ClassNotFoundException | LinkageError absent) {
      return null;
    }
  }
}
