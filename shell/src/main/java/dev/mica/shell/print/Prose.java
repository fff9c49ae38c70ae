package dev.mica.shell.print;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A line of help, broken between words. What follows begins where the second of its columns does;
 * where there is none, or it leaves less than half of the page, it is set in deeper than the line,
 * so that it is not taken for one of its own.
 */
final class Prose {
  /** With the blanks before it; what an option's brackets hold stays together. */
  private static final Pattern WORD = Pattern.compile(" *(?:\\[[^\\[\\]]* [^\\[\\]]*]\\S*|[^ ]+)");

  private static final Pattern SECOND_COLUMN = Pattern.compile(" *[^ ].*?  +(?=[^ ])");
  private static final int DEEPER = 4;

  private final int width;
  private final String hang;
  private final List<String> lines = new ArrayList<>();
  private String current = "";

  private Prose(String line, int width) {
    this.width = width;
    this.hang = " ".repeat(hang(line, width));
  }

  /** {@code line} as lines that need no more than {@code width} columns. */
  static List<String> broken(String line, int width) {
    return Cells.width(line) <= width ? List.of(line) : new Prose(line, width).broken(line);
  }

  private static int hang(String line, int width) {
    Matcher column = SECOND_COLUMN.matcher(line);
    int second = column.lookingAt() ? Cells.width(column.group()) : width;
    int first = line.length() - line.stripLeading().length();
    return second <= width / 2 ? second : Math.min(first + DEEPER, width / 2);
  }

  private List<String> broken(String line) {
    Matcher words = WORD.matcher(line);
    while (words.find()) {
      add(words.group());
    }
    lines.add(current);
    return lines;
  }

  private void add(String word) {
    if (fits(word)) {
      current += word;
      return;
    }
    String bare = word.stripLeading();
    if (Cells.width(hang + bare) <= width) {
      next(bare);
    } else {
      addInParts(word);
    }
  }

  /** A word that no line holds is broken behind a comma, as those of JSON; else anywhere. */
  private void addInParts(String word) {
    for (String part : word.split("(?<=,)", -1)) {
      if (fits(part)) {
        current += part;
        continue;
      }
      String rest = part.stripLeading();
      String lead = current + part.substring(0, part.length() - rest.length());
      if (Cells.width(lead) == hang.length()) {
        current = lead; // the next line would begin no further left
      } else if (!current.isBlank()) {
        next("");
      }
      while (!fits(rest)) {
        int end = fitting(rest);
        current += rest.substring(0, end);
        rest = rest.substring(end);
        next("");
      }
      current += rest;
    }
  }

  /** How much of it fits; a character at least, or there would be no end. */
  private int fitting(String text) {
    int end = 0;
    int next = text.offsetByCodePoints(0, 1);
    do {
      end = next;
      next = end == text.length() ? end : text.offsetByCodePoints(end, 1);
    } while (next > end && fits(text.substring(0, next)));
    return end;
  }

  private boolean fits(String word) {
    return Cells.width(current + word) <= width;
  }

  private void next(String word) {
    lines.add(current);
    current = hang + word;
  }
}
