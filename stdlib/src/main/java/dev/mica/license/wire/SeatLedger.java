package dev.mica.license.wire;

import dev.mica.license.ledger.Answer;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** The log of a fleet, as one host of it reaches it. Whatever replicates it is behind this. */
public interface SeatLedger extends AutoCloseable {
  /**
   * What was decided.
   *
   * @param index of its entry in the log; later entries have higher ones
   * @param answers one for each that was signed
   */
  record Decided(long index, List<Answer> answers) {
    public Decided {
      answers = List.copyOf(answers);
    }
  }

  /**
   * Puts something into the log. If this fails, it may have been decided or not, or may be later:
   * only the same request, sent again, tells.
   */
  CompletableFuture<Decided> decide(Signed one);

  @Override
  void close();
}
