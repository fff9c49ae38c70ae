package dev.mica.failure;

import dev.mica.text.PathBytes;
import java.nio.file.AccessDeniedException;
import java.nio.file.Path;
import java.util.Collection;
import org.jspecify.annotations.Nullable;

/**
 * The one failure of Mica: what was being done, to what, why it failed and what to do, as one line.
 *
 * <p>The message reads {@code cannot DOING OBJECT: WHY; HINT}. Paths in it are shown with control
 * characters escaped, so it stays one line whatever a file is called.
 */
public final class MicaException extends RuntimeException {
  /** How a command ends because of it. */
  public enum Kind {
    /** The thing asked for failed. */
    FAILED(1),
    /** The request itself is wrong: bad words, bad values, things that do not go together. */
    USAGE(2),
    /** The caller may not do this. */
    DENIED(3);

    private final int exitStatus;

    Kind(int exitStatus) {
      this.exitStatus = exitStatus;
    }

    /** The process exit status: 1, 2 or 3. */
    public int exitStatus() {
      return exitStatus;
    }
  }

  private static final long serialVersionUID = 1L;

  private final Kind kind;
  private final String doing;
  private final String object;
  private final String why;
  private final @Nullable String hint;
  private final int exitStatus;

  private MicaException(
      Kind kind,
      String doing,
      String object,
      String why,
      @Nullable String hint,
      @Nullable Throwable cause,
      int exitStatus) {
    super(line(doing, object, why, hint), cause);
    this.kind = kind;
    this.doing = doing;
    this.object = object;
    this.why = why;
    this.hint = hint;
    this.exitStatus = exitStatus;
  }

  /** A failure of {@code doing} ("mount the union") on {@code object} (a path, a name). */
  public static MicaException failed(String doing, Object object, String why) {
    return new MicaException(
        Kind.FAILED, doing, text(object), why, null, null, Kind.FAILED.exitStatus());
  }

  /** A request that is wrong in itself; nothing was touched. */
  public static MicaException usage(String doing, Object object, String why) {
    return new MicaException(
        Kind.USAGE, doing, text(object), why, null, null, Kind.USAGE.exitStatus());
  }

  /** A request this caller may not make; nothing was touched. */
  public static MicaException denied(String doing, Object object, String why) {
    return new MicaException(
        Kind.DENIED, doing, text(object), why, null, null, Kind.DENIED.exitStatus());
  }

  /**
   * Nothing of that {@code kind} ("union") has that name; {@code known} are the names there are.
   */
  public static MicaException unknown(String kind, String name, Collection<String> known) {
    MicaException failure = failed("find the " + kind, name, "there is none of that name");
    return Nearest.to(name, known)
        .map(nearest -> failure.hint("did you mean " + nearest + "?"))
        .orElse(failure);
  }

  /** The same failure with what to do about it: an imperative clause. */
  public MicaException hint(String whatToDo) {
    return copyStack(new MicaException(kind, doing, object, why, whatToDo, getCause(), exitStatus));
  }

  /** The same failure without what to do about it, where somebody else says that. */
  public MicaException withoutHint() {
    return copyStack(new MicaException(kind, doing, object, why, null, getCause(), exitStatus));
  }

  /**
   * The same failure with its cause, kept for {@code :trace}. What the system did not permit is
   * denied, whatever it was done for.
   */
  public MicaException because(Throwable cause) {
    boolean denied = kind == Kind.FAILED && cause instanceof AccessDeniedException;
    Kind told = denied ? Kind.DENIED : kind;
    String toDo = denied && hint == null ? "run it as root, or as the owner" : hint;
    int status = told == kind ? exitStatus : told.exitStatus();
    return copyStack(new MicaException(told, doing, object, why, toDo, cause, status));
  }

  /** The same failure, with which a command ends otherwise than its kind does: as a shell does. */
  public MicaException exiting(int status) {
    return copyStack(new MicaException(kind, doing, object, why, hint, getCause(), status));
  }

  /** How a command ends because of it; 1, 2 or 3 unless it says otherwise. */
  public int exitStatus() {
    return exitStatus;
  }

  /** What kind of failure it is. */
  public Kind kind() {
    return kind;
  }

  /** What it was done to. */
  public String object() {
    return object;
  }

  /** Why it failed. */
  public String why() {
    return why;
  }

  /** A path's bytes may be no text. */
  private static String text(Object object) {
    return object instanceof Path path ? PathBytes.printable(path) : object.toString();
  }

  private MicaException copyStack(MicaException to) {
    to.setStackTrace(getStackTrace());
    return to;
  }

  private static String line(String doing, String object, String why, @Nullable String hint) {
    String target = object.isEmpty() ? "" : " " + object;
    String text = "cannot " + doing + target + ": " + why + (hint == null ? "" : "; " + hint);
    return text.chars()
        .collect(StringBuilder::new, (line, c) -> append(line, (char) c), StringBuilder::append)
        .toString();
  }

  private static void append(StringBuilder line, char c) {
    switch (c) {
      case '\n' -> line.append("\\n");
      case '\r' -> line.append("\\r");
      case '\t' -> line.append("\\t");
      default -> {
        if (Character.isISOControl(c)) {
          line.append(String.format("\\x%02x", (int) c));
        } else {
          line.append(c);
        }
      }
    }
  }
}
