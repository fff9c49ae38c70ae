package dev.mica.license.check;

import dev.mica.license.ledger.Answer;
import dev.mica.license.ledger.Entry;
import java.util.List;
import java.util.Optional;

/**
 * What a client did: it asked at one time and was answered at another, or never.
 *
 * @param began when it was sent, in nanoseconds of one clock for all clients
 * @param ended when the answer came; {@link Long#MAX_VALUE} if none did
 * @param decided what it was told; empty if it does not know whether it was done
 */
public record Operation(
    String client, long began, long ended, Entry entry, Optional<Decided> decided) {
  /**
   * What a client was told.
   *
   * @param index the place in the log that the answer names
   */
  public record Decided(long index, List<Answer> answers) {}

  public static Operation answered(
      String client, long began, long ended, Entry entry, long index, List<Answer> answers) {
    return new Operation(client, began, ended, entry, Optional.of(new Decided(index, answers)));
  }

  public static Operation lost(String client, long began, Entry entry) {
    return new Operation(client, began, Long.MAX_VALUE, entry, Optional.empty());
  }
}
