package dev.mica.scripting.complete;

import java.util.Set;

/** Groovy's reserved words. */
public final class Keywords {
  /** After which a slash begins a string and not a division. */
  static final Set<String> EXPECT_OPERAND =
      Set.of("return", "in", "instanceof", "as", "case", "assert", "throw", "else", "do", "new");

  static final Set<String> ALL =
      Set.of(
          "abstract",
          "as",
          "assert",
          "break",
          "case",
          "catch",
          "class",
          "continue",
          "def",
          "default",
          "do",
          "else",
          "enum",
          "extends",
          "false",
          "final",
          "finally",
          "for",
          "if",
          "implements",
          "import",
          "in",
          "instanceof",
          "interface",
          "new",
          "null",
          "package",
          "private",
          "protected",
          "public",
          "record",
          "return",
          "static",
          "super",
          "switch",
          "synchronized",
          "this",
          "throw",
          "throws",
          "trait",
          "true",
          "try",
          "var",
          "void",
          "while",
          "boolean",
          "byte",
          "char",
          "double",
          "float",
          "int",
          "long",
          "short");

  private Keywords() {}

  /** Whether Groovy keeps {@code word} for itself. */
  public static boolean contains(String word) {
    return ALL.contains(word);
  }
}
