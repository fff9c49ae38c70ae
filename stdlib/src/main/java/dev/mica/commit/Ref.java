package dev.mica.commit;

import dev.mica.failure.MicaException;
import java.util.regex.Pattern;

/** What people call a commit: {@code NAME:TAG}, the tag {@code latest} where none is given. */
record Ref(String name, String tag) {
  private static final String PART = "[a-z0-9]+(?:[._-]+[a-z0-9]+)*";
  private static final Pattern NAME = Pattern.compile(PART + "(?:/" + PART + ")*");
  private static final Pattern TAG = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9._-]{0,127}");
  private static final int LONGEST_NAME = 255;

  static Ref parse(String text) {
    int colon = text.indexOf(':');
    String name = colon < 0 ? text : text.substring(0, colon);
    String tag = colon < 0 ? "latest" : text.substring(colon + 1);
    if (!NAME.matcher(name).matches() || name.length() > LONGEST_NAME) {
      throw refused(
          text,
          "its name is '" + name + "'",
          "write it in lower-case letters and digits, with single '.', '_', '-' or '/' inside");
    }
    if (!TAG.matcher(tag).matches()) {
      throw refused(
          text,
          "its tag is '" + tag + "'",
          "write 1 to 128 letters, digits, '_', '.' or '-' after the ':'");
    }
    return new Ref(name, tag);
  }

  /** The same for a text that may be something else, an id for instance. */
  static String normal(String text) {
    return text.contains(":") ? text : text + ":latest";
  }

  private static MicaException refused(String text, String why, String hint) {
    return MicaException.usage("name a commit", text, why).hint(hint);
  }

  @Override
  public String toString() {
    return name + ":" + tag;
  }
}
