package dev.mica.image;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a registry wants to be shown, as its {@code WWW-Authenticate} header says (RFC 9110,
 * 11.6.1).
 *
 * @param scheme {@code bearer} or {@code basic}, in lower case
 * @param parameters by their names in lower case
 */
record Challenge(String scheme, Map<String, String> parameters) {
  private static final String TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";

  /** A parameter, or, where no = follows, the scheme of the next challenge. */
  private static final Pattern PIECE =
      Pattern.compile(
          "\\G[\\s,]*(?<word>"
              + TOKEN
              + ")(\\s*=\\s*(\"(?<quoted>([^\"\\\\]|\\\\.)*)\"|(?<plain>"
              + TOKEN
              + ")))?");

  /** All of them, in the order of the headers; what cannot be read is left out. */
  static List<Challenge> parse(List<String> headers) {
    List<Challenge> all = new ArrayList<>();
    for (String header : headers) {
      Matcher piece = PIECE.matcher(header);
      while (piece.find()) {
        String word = piece.group("word").toLowerCase(Locale.ROOT);
        Optional<String> value = value(piece);
        if (value.isEmpty()) {
          all.add(new Challenge(word, new TreeMap<>()));
        } else if (!all.isEmpty()) {
          all.getLast().parameters.putIfAbsent(word, value.get());
        }
      }
    }
    return all;
  }

  private static Optional<String> value(Matcher piece) {
    Optional<String> quoted =
        Optional.ofNullable(piece.group("quoted")).map(text -> text.replaceAll("\\\\(.)", "$1"));
    return quoted.or(() -> Optional.ofNullable(piece.group("plain")));
  }

  /** The one to answer: one for a token, before one for a password. */
  static Optional<Challenge> best(List<String> headers) {
    List<Challenge> all = parse(headers);
    return of("bearer", all).or(() -> of("basic", all));
  }

  private static Optional<Challenge> of(String scheme, List<Challenge> all) {
    return all.stream().filter(one -> one.scheme.equals(scheme)).findFirst();
  }

  Optional<String> parameter(String name) {
    return Optional.ofNullable(parameters.get(name));
  }
}
