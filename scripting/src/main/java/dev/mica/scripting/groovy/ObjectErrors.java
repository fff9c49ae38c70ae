package dev.mica.scripting.groovy;

import dev.mica.Schemas;
import dev.mica.failure.MicaException;
import dev.mica.schema.Descriptor;
import dev.mica.scripting.complete.SourceText;
import dev.mica.scripting.complete.Token;
import dev.mica.scripting.help.Help;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Finds out whether an object that does not exist was only asked for because a member is
 * misspelled. Groovy uses the {@code get(String)} of unions, commits and VMs for properties that
 * they do not have, so {@code commits.grpah()} asks for a commit of that name.
 */
final class ObjectErrors {
  private static final String FIND = "cannot find the ";

  private final NameErrors names;
  private final String source;

  ObjectErrors(NameErrors names, String source) {
    this.names = names;
    this.source = source;
  }

  /** What to write instead; empty if the script has asked for the object itself. */
  Optional<String> misspelled(MicaException none) {
    if (isWordCalled(none)) {
      String kind = singular(owner(none).orElseThrow()).orElseThrow();
      return Optional.of(NameErrors.takesNothing(kind + "s"));
    }
    return isMember(none) ? Optional.of(member(none)) : Optional.empty();
  }

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
    return String.valueOf(none.getMessage()).regionMatches(true, 0, begins, 0, begins.length());
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
      return names.noMethod(type, none.object());
    }
    return names.noProperty(type, none.object())
        + ", and there is no "
        + String.valueOf(none.getMessage())
            .substring(FIND.length(), FIND.length() + singular(type).orElseThrow().length())
        + " of that name";
  }
}
