package dev.mica.audit;

import dev.mica.access.Caller;
import dev.mica.access.Deed;
import dev.mica.access.Door;
import dev.mica.access.Role;
import dev.mica.access.Witness;
import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import dev.mica.state.Hold;
import dev.mica.state.StateDir;
import dev.mica.text.PathBytes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Who has changed what on this host, and who has tried to log in. Only an admin can read it. */
public final class Audit {
  private final Caller caller;
  private final StateDir state;
  private final Witness log;

  /** The audit of a state directory, which {@code log} writes. */
  public Audit(StateDir state, Witness log) {
    this(Caller.ofProcess(), state, log);
  }

  /** The same as {@code caller} sees it. */
  public Audit(Caller caller, Audit same) {
    this(caller, same.state, same.log);
  }

  private Audit(Caller caller, StateDir state, Witness log) {
    this.caller = caller;
    this.state = state;
    this.log = log;
  }

  private Path directory() {
    return state.path().resolve(AuditLog.DIRECTORY);
  }

  private void mayLook() {
    caller.require(Role.ADMIN, "look at", "the audit");
  }

  /** The lines that are as they were written, the newest last. */
  public List<AuditLine> list() {
    mayLook();
    List<AuditLine> lines = new ArrayList<>();
    read((file, at, bytes, whole) -> {
      LineText.read(bytes).ifPresent(lines::add);
      return true;
    });
    return lines;
  }

  /** Where there are lines that are not as they were written. */
  public List<MicaException> damaged() {
    mayLook();
    List<MicaException> damaged = new ArrayList<>();
    read((file, at, bytes, whole) -> {
      if (whole && LineText.read(bytes).isEmpty()) {
        damaged.add(
            MicaException.failed(
                    "read the audit at",
                    PathBytes.printable(file) + ":" + at,
                    "the line is not as it was written")
                .hint("mica audit verify says more"));
      }
      return true;
    });
    return damaged;
  }

  private void read(AuditFiles.Reader reader) {
    try {
      new AuditFiles(directory()).read(reader);
    } catch (IOException broken) {
      throw MicaException.failed("read the audit in", directory(), Why.of(broken)).because(broken);
    }
  }

  /** Whether all lines are there and as they were written, as far as that can be known. */
  public AuditVerified verify() {
    return verified(null);
  }

  /**
   * The same; besides, there must be a line with the hash {@code expected}, which {@link #verify()}
   * has told at another time and somebody has kept where nobody here can change it.
   */
  public AuditVerified verify(String expected) {
    return verified(expected);
  }

  private AuditVerified verified(@Nullable String expected) {
    mayLook();
    if (!Files.isDirectory(directory())) {
      String problem = expected == null ? "" : "there are no lines";
      return new AuditVerified(problem.isEmpty(), 0, 0, "", problem);
    }
    try (Hold _ = state.hold("verify the audit", AuditLog.LOCK)) {
      return Verification.of(directory(), expected);
    } catch (IOException broken) {
      throw MicaException.failed("verify the audit in", directory(), Why.of(broken))
          .because(broken);
    }
  }

  /**
   * Writes down that somebody has tried to log in.
   *
   * @param name as the client said it; nobody may have it
   * @param role of a user who was let in; "" of others
   * @param why nobody was let in; "" of a user who was
   */
  public void attempt(String name, String role, Door door, String why) {
    caller.require(Role.ADMIN, "write into", "the audit");
    Deed.Outcome outcome = why.isEmpty() ? Deed.Outcome.OK : Deed.Outcome.REFUSED;
    log.saw(new Deed(name, role, door, "", "log in", outcome, why));
  }
}
