package dev.mica.license.wire;

import dev.mica.license.ledger.BytesIn;
import dev.mica.license.ledger.BytesOut;
import dev.mica.license.ledger.Request;
import java.io.IOException;
import java.util.List;

/**
 * What the log holds at one index.
 *
 * @param clock the wall clock of the leader, in seconds since 1970
 * @param all what was signed: one; or more, which are renewals of leases
 */
public record LogRecord(long clock, List<Signed> all) {
  public LogRecord {
    all = List.copyOf(all);
    if (all.isEmpty() || all.size() > Request.MOST) {
      throw new IllegalArgumentException(all.size() + " entries");
    }
  }

  public byte[] bytes() {
    return new BytesOut().i64(clock).list(all, (out, one) -> one.write(out)).toBytes();
  }

  /**
   * What these bytes are.
   *
   * @throws IOException if they are no record, or not in its one form
   */
  public static LogRecord of(byte[] bytes) throws IOException {
    return BytesIn.whole(bytes, in -> new LogRecord(in.i64(), in.list(Request.MOST, Signed::read)));
  }
}
