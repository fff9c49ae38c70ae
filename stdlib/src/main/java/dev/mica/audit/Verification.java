package dev.mica.audit;

import dev.mica.audit.LineText.Link;
import dev.mica.text.PathBytes;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Reads the chain from its oldest line on, up to the first thing that is wrong. */
final class Verification implements AuditFiles.Reader {
  private final Optional<Head> head;
  private final @Nullable String expected;
  private @Nullable Link last;
  private long first;
  private boolean found;
  private String problem = "";

  private Verification(Optional<Head> head, @Nullable String expected) {
    this.head = head;
    this.expected = expected;
  }

  /**
   * The result.
   *
   * @param expected the hash of a line that must be there, or null
   */
  static AuditVerified of(Path directory, @Nullable String expected) throws IOException {
    Verification verification = new Verification(Head.read(directory), expected);
    new AuditFiles(directory).read(verification);
    verification.end(directory);
    return verification.result();
  }

  private AuditVerified result() {
    Link to = last;
    return new AuditVerified(
        problem.isEmpty(),
        first,
        to == null ? 0 : to.number(),
        to == null ? "" : to.hash(),
        problem);
  }

  @Override
  public boolean line(Path file, int at, byte[] bytes, boolean whole) {
    Optional<AuditLine> line = whole ? LineText.read(bytes) : Optional.empty();
    String where = PathBytes.printable(file) + ":" + at;
    if (line.isEmpty()) {
      Link before = last;
      long number = before == null ? AuditFiles.first(file) : before.number() + 1;
      return wrong("the line " + number + " (" + where + ") is not as it was written");
    }
    Optional<String> why = last == null ? whyNotFirst(line.get()) : whyNot(last, line.get());
    if (why.isPresent()) {
      return wrong(why.get() + " (" + where + ")");
    }
    first = last == null ? line.get().number() : first;
    last = LineText.link(line.get());
    found |= line.get().hash().equals(expected);
    return true;
  }

  private boolean wrong(String why) {
    problem = why;
    return false;
  }

  private Optional<String> whyNotFirst(AuditLine line) {
    long begins = head.map(Head::first).orElse(line.number());
    if (line.number() > begins) {
      return Optional.of(missing(begins, line.number() - 1));
    }
    return line.number() == 1 && !line.previous().equals(LineText.NONE)
        ? Optional.of("the line 1 says that there was one before it")
        : whyNotNoted(line);
  }

  private Optional<String> whyNot(Link before, AuditLine line) {
    if (line.number() > before.number() + 1) {
      return Optional.of(missing(before.number() + 1, line.number() - 1));
    }
    if (line.number() <= before.number()) {
      return Optional.of("the line " + line.number() + " follows the line " + before.number());
    }
    return line.previous().equals(before.hash())
        ? whyNotNoted(line)
        : Optional.of(
            "the line " + line.number() + " was written after another line " + before.number());
  }

  private Optional<String> whyNotNoted(AuditLine line) {
    return head.map(Head::last)
        .filter(noted -> noted.number() == line.number() && !noted.hash().equals(line.hash()))
        .map(noted -> "the line " + line.number() + " is not the one that was written last");
  }

  private static String missing(long from, long to) {
    return from == to
        ? "the line " + from + " is missing"
        : "the lines " + from + " to " + to + " are missing";
  }

  /** What only the end shows. */
  private void end(Path directory) {
    if (!problem.isEmpty()) {
      return;
    }
    long to = last == null ? 0 : last.number();
    if (head.isEmpty() && to > 1) {
      problem = "the note of the last line, " + Head.file(directory) + ", is missing or damaged";
    } else if (head.isPresent() && head.get().last().number() > to) {
      problem = missing(Math.max(to + 1, head.get().first()), head.get().last().number());
    } else if (expected != null && !found) {
      problem =
          "no line has the hash "
              + expected
              + (first > 1 ? ", unless it is older than the line " + first : "");
    }
  }
}
