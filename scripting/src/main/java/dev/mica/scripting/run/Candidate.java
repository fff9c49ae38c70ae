package dev.mica.scripting.run;

/**
 * Something that may be typed next.
 *
 * @param start where the text it replaces begins; it ends at the cursor
 * @param value what to put there
 * @param description a short description; may be empty
 * @param group under which heading it is listed
 * @param finished whether a space may follow; false where more is to be typed, as after {@code (}
 */
public record Candidate(
    int start, String value, String description, Group group, boolean finished) {
  /** The headings, in the order of display. */
  public enum Group {
    WORDS,
    VARIABLES,
    PROPERTIES,
    METHODS,
    VALUES,
    CLASSES
  }
}
