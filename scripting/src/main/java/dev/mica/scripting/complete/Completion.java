package dev.mica.scripting.complete;

import dev.mica.scripting.complete.Token.Kind;
import dev.mica.scripting.help.Help;
import dev.mica.scripting.help.HelpEntry;
import dev.mica.scripting.help.Members;
import dev.mica.scripting.help.Types;
import dev.mica.scripting.run.Candidate;
import dev.mica.scripting.run.Candidate.Group;
import dev.mica.scripting.run.Context;
import java.lang.reflect.Method;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What may be typed next, found without running anything: from declared types, extension methods,
 * the type a block delegates to, and the classes (never the state) of the values held in variables.
 */
public final class Completion {
  private static final Set<String> KEYWORDS =
      Set.of("def", "for", "if", "import", "new", "return", "true", "false", "null", "while");

  private final Context context;
  private final Help help;
  private final Members members;
  private final Inference inference;

  /** {@code imported}: as {@link Inference} takes it. */
  public Completion(Context context, Help help, Function<String, Stream<String>> imported) {
    this.context = context;
    this.help = help;
    this.members = new Members(help);
    this.inference = new Inference(context, members, imported);
  }

  public List<Candidate> at(String source, int cursor) {
    List<Token> tokens = Scanner.scan(source.substring(0, cursor));
    if (!tokens.isEmpty() && !tokens.getLast().closed()) {
      return inString(tokens);
    }
    boolean typing =
        !tokens.isEmpty()
            && tokens.getLast().kind() == Kind.WORD
            && tokens.getLast().end() == cursor;
    List<Token> before = typing ? tokens.subList(0, tokens.size() - 1) : tokens;
    String prefix = typing ? tokens.getLast().text() : "";
    int start = cursor - prefix.length();
    boolean member = !before.isEmpty() && Set.of(".", "?.", "*.").contains(before.getLast().text());
    return member ? members(before, prefix, start) : words(before, prefix, start);
  }

  private List<Candidate> members(List<Token> before, String prefix, int start) {
    List<Token> left = before.subList(0, before.size() - 1);
    Class<?> statics = inference.classNamedAtEnd(left);
    if (statics != null) {
      return statics(statics, prefix, start);
    }
    Type type = inference.typeAtEnd(left);
    if (type != null && before.getLast().is("*.")) {
      type = Types.element(type);
    }
    return type == null ? List.of() : members(Types.raw(type), prefix, start);
  }

  private List<Candidate> members(Class<?> type, String prefix, int start) {
    Class<?> face = help.face(type);
    List<Candidate> found = new ArrayList<>();
    for (Members.Member member : members.of(type).values()) {
      if (member.name().startsWith(prefix)) {
        found.add(candidate(member, face, start));
      }
    }
    found.sort(Comparator.comparingInt(candidate -> own(candidate, face) ? 0 : 1));
    return found;
  }

  private boolean own(Candidate candidate, Class<?> face) {
    return help.find(face, candidate.value().replaceAll("\\W.*", "")).isPresent();
  }

  private Candidate candidate(Members.Member member, Class<?> face, int start) {
    String description =
        help.find(face, member.name())
            .map(HelpEntry::summary)
            .orElseGet(() -> member.method().getReturnType().getSimpleName());
    if (member.property()) {
      return new Candidate(start, member.name(), description, Group.PROPERTIES, false);
    }
    String call = call(member.name(), member.method(), member.takesArguments());
    return new Candidate(start, call, description, Group.METHODS, false);
  }

  private static String call(String name, Method method, boolean takesArguments) {
    if (!takesArguments) {
      return name + "()";
    }
    Class<?>[] parameters = method.getParameterTypes();
    return name + (isBlock(parameters[parameters.length - 1]) ? " { " : "(");
  }

  private static boolean isBlock(Class<?> parameter) {
    return groovy.lang.Closure.class.isAssignableFrom(parameter);
  }

  private static List<Candidate> statics(Class<?> type, String prefix, int start) {
    Map<String, Candidate> found = new LinkedHashMap<>();
    if (type.isEnum()) {
      for (Object constant : type.getEnumConstants()) {
        String name = ((Enum<?>) constant).name();
        found.put(name, new Candidate(start, name, "", Group.VALUES, true));
      }
    }
    for (Method method : Members.statics(type)) {
      String call = call(method.getName(), method, method.getParameterCount() > 0);
      String returns = method.getReturnType().getSimpleName();
      found.putIfAbsent(
          method.getName(), new Candidate(start, call, returns, Group.METHODS, false));
    }
    return found.values().stream()
        .filter(candidate -> candidate.value().startsWith(prefix))
        .toList();
  }

  private List<Candidate> words(List<Token> before, String prefix, int start) {
    List<Candidate> found = new ArrayList<>();
    Class<?> delegate = inference.delegate(before);
    if (delegate != null) {
      valuesOf(delegate, before, prefix, start, found);
      if (!found.isEmpty()) {
        return found;
      }
      help.membersOf(delegate).stream()
          .flatMap(name -> help.find(delegate, name).stream())
          .forEach(entry -> add(found, start, prefix, blockWord(entry), entry, Group.WORDS));
    } else {
      help.words().forEach(entry -> add(found, start, prefix, word(entry), entry, Group.WORDS));
    }
    for (String variable : context.variables().names()) {
      if (variable.startsWith(prefix)) {
        found.add(new Candidate(start, variable, typeOf(variable), Group.VARIABLES, false));
      }
    }
    inference.localNames(before).stream()
        .filter(name -> name.startsWith(prefix))
        .forEach(name -> found.add(new Candidate(start, name, "", Group.VARIABLES, false)));
    if (!prefix.isEmpty()) {
      KEYWORDS.stream()
          .filter(word -> word.startsWith(prefix))
          .sorted()
          .forEach(word -> found.add(new Candidate(start, word, "", Group.WORDS, true)));
    }
    return found;
  }

  /** Right after a block's word only its values: {@code via k} is {@code via kernel}. */
  private void valuesOf(
      Class<?> delegate, List<Token> before, String prefix, int start, List<Candidate> found) {
    if (before.isEmpty() || before.getLast().kind() != Kind.WORD) {
      return;
    }
    help.find(delegate, before.getLast().text()).stream()
        .flatMap(Help::methods)
        .filter(method -> method.getParameterCount() == 1 && method.getParameterTypes()[0].isEnum())
        .flatMap(method -> namesOf(method.getParameterTypes()[0], delegate))
        .filter(name -> name.startsWith(prefix))
        .forEach(name -> found.add(new Candidate(start, name, "", Group.VALUES, true)));
  }

  /** The properties of {@code delegate} that are values of {@code type}. */
  private Stream<String> namesOf(Class<?> type, Class<?> delegate) {
    return members.of(delegate).values().stream()
        .filter(member -> member.property() && member.method().getReturnType() == type)
        .map(Members.Member::name);
  }

  private static String word(HelpEntry entry) {
    return entry.property() ? entry.name() : entry.name() + (takesNothing(entry) ? "()" : "(");
  }

  private static String blockWord(HelpEntry entry) {
    return entry.property() ? entry.name() : entry.name() + " ";
  }

  private static boolean takesNothing(HelpEntry entry) {
    return Help.methods(entry).allMatch(method -> method.getParameterCount() == 0);
  }

  private static void add(
      List<Candidate> found, int start, String prefix, String value, HelpEntry entry, Group group) {
    if (value.startsWith(prefix)) {
      found.add(new Candidate(start, value, entry.summary(), group, false));
    }
  }

  private String typeOf(String variable) {
    Object value = context.variables().get(variable);
    return value == null ? "" : help.typeName(value.getClass());
  }

  private List<Candidate> inString(List<Token> tokens) {
    Token string = tokens.getLast();
    @Nullable String word = callee(tokens.subList(0, tokens.size() - 1));
    return word == null ? List.of() : new HostNames(context.mica()).at(word, string);
  }

  /** Whose argument the last position is: {@code folder('…}, {@code lower '…}. */
  private static @Nullable String callee(List<Token> before) {
    int i = before.size() - 1;
    while (i >= 0 && (before.get(i).kind() == Kind.STRING || before.get(i).is(","))) {
      i--;
    }
    if (i >= 0 && (before.get(i).is("(") || before.get(i).is("["))) {
      i--;
    }
    return i >= 0 && before.get(i).kind() == Kind.WORD ? before.get(i).text() : null;
  }
}
