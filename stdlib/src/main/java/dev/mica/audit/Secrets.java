package dev.mica.audit;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Hides what may be secret in a sentence: who can read the audit need not know the passwords of
 * those who are in it. More is hidden than has to be, rather than less.
 */
public final class Secrets {
  private static final String HIDDEN = "***";

  /** {@code https://ann:word@host}, {@code ann:word@host}; not {@code name:tag@sha256:…}. */
  private static final Pattern IN_ADDRESS =
      Pattern.compile("([^\\s/@:\"']*):([^\\s/@]+)@(?!sha\\d+:)");

  /** {@code NAME=value}: all that follows, since a value may contain anything. */
  private static final Pattern VALUE = Pattern.compile("([\\w.-]+[\"']?=).*", Pattern.DOTALL);

  private static final String WORDS =
      "(?:pass(?:word|wd|phrase|code)?|pwd|token|secret|credentials?|authorization|bearer|basic"
          + "|api[_-]?key|private[_-]?key|auth)s?";

  /** {@code password: x} and {@code "token":"x"}: all that follows. */
  private static final Pattern AFTER_COLON =
      Pattern.compile("(?i)(" + WORDS + "[\"']?(?:\\s+(?:is|was))?\\s*:).*", Pattern.DOTALL);

  /** {@code --password x}, {@code token 'x y'}: the next word. */
  private static final Pattern AFTER_WORD =
      Pattern.compile(
          "(?i)((?<![\\p{L}\\d])"
              + WORDS
              + "[\"']?\\s+(?:is\\s+|was\\s+)?)(\"[^\"]*\"?|'[^']*'?|[^\\s;,]+)");

  /** {@code ENV NAME value}, as a line of a Dockerfile: all that follows. */
  private static final Pattern VARIABLE =
      Pattern.compile("(?i)(\\b(?:ENV|LABEL)\\s+\\S+\\s).*", Pattern.DOTALL);

  /** A line of a Dockerfile that is not understood. */
  private static final Pattern CHANGE =
      Pattern.compile("(change the configuration by ).*", Pattern.DOTALL);

  private Secrets() {}

  /** The same with whatever may be secret hidden. */
  public static String masked(String text) {
    String masked =
        IN_ADDRESS.matcher(text).replaceAll("$1:" + Matcher.quoteReplacement(HIDDEN) + "@");
    for (Pattern pattern : new Pattern[] {CHANGE, VALUE, AFTER_COLON, VARIABLE, AFTER_WORD}) {
      masked = pattern.matcher(masked).replaceAll("$1" + Matcher.quoteReplacement(HIDDEN));
    }
    return masked;
  }
}
