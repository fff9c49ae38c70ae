package dev.mica.license.wire;

import dev.mica.license.key.BadKeyException;
import dev.mica.license.key.FleetSecret;
import dev.mica.license.key.LicenseKey;
import dev.mica.license.ledger.Answer;
import dev.mica.license.ledger.Entry;
import dev.mica.license.ledger.PublicKey;
import dev.mica.license.ledger.Request;
import dev.mica.license.ledger.Seats;
import dev.mica.license.ledger.SeatsCodec;
import dev.mica.license.ledger.Verdict;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Function;

/**
 * The seats of a fleet, from the bytes of its log. Each host checks each signature itself, so a
 * leader can put nothing into it for others. What is not signed as it should be does nothing, and
 * is answered so; all hosts agree on that, as on everything else.
 *
 * <p>Of one thread.
 */
public final class LedgerMachine {
  /**
   * By what signatures are checked.
   *
   * @param publicKey of the fleet, 32 bytes
   * @param issuers gives an issuer's public key, if the fleet believes it; the same on all hosts
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  public record Fleet(
      UUID id, byte[] publicKey, FleetSecret secret, Function<String, Optional<byte[]>> issuers) {}

  private final Fleet fleet;
  private Seats seats = new Seats();

  public LedgerMachine(Fleet fleet) {
    this.fleet = fleet;
  }

  /** What is known after the last record. */
  public Seats seats() {
    return seats;
  }

  /** Begins with what another has known. */
  public void restore(byte[] snapshot) throws IOException {
    seats = SeatsCodec.seats(snapshot);
  }

  /** All that is known, for {@link #restore}. */
  public byte[] snapshot() {
    return SeatsCodec.bytes(seats);
  }

  /**
   * Does what the record at that index says.
   *
   * @return an answer for each that was signed
   */
  public List<Answer> apply(long index, byte[] bytes) {
    LogRecord record;
    try {
      record = LogRecord.of(bytes);
    } catch (IOException garbage) {
      return List.of(Answer.of(Verdict.DENY_FORGED));
    }
    if (record.all().size() > 1) {
      return renewals(index, record);
    }
    Signed one = record.all().getFirst();
    return isGenuine(one)
        ? seats.apply(index, record.clock(), one.entry())
        : List.of(Answer.of(Verdict.DENY_FORGED));
  }

  private List<Answer> renewals(long index, LogRecord record) {
    List<Entry.FromHost> genuine = new ArrayList<>();
    List<Boolean> which = new ArrayList<>();
    for (Signed one : record.all()) {
      boolean is =
          one.entry() instanceof Entry.FromHost asked
              && asked.body() instanceof Request.Renew
              && isGenuine(one);
      if (is && one.entry() instanceof Entry.FromHost asked) {
        genuine.add(asked);
      }
      which.add(is);
    }
    List<Answer> given =
        new ArrayList<>(seats.apply(index, record.clock(), new Entry.Renewals(genuine)));
    return which.stream()
        .map(is -> is ? given.removeFirst() : Answer.of(Verdict.DENY_FORGED))
        .toList();
  }

  private boolean isGenuine(Signed one) {
    return one.fleet().equals(fleet.id())
        && switch (one.role()) {
          case HOST -> one.entry() instanceof Entry.FromHost asked && isOfHost(one, asked);
          case VOTER -> mayVoter(one.entry()) && isOfVoter(one);
          case OPERATOR -> mayOperator(one.entry()) && one.isBy(fleet.publicKey());
        };
  }

  private boolean isOfHost(Signed one, Entry.FromHost asked) {
    Optional<PublicKey> key =
        asked.body() instanceof Request.Hello hello
            ? Optional.of(hello.publicKey())
                .filter(its -> Voucher.hostOf(its).equals(asked.host()))
                .filter(its -> Voucher.holds(fleet.id(), hello, fleet.publicKey()))
            : seats.publicKey(asked.host());
    return key.isPresent()
        && one.isBy(HexFormat.of().parseHex(key.get().hex()))
        && (!(asked.body() instanceof Request.Install install) || isAsSigned(install));
  }

  private boolean isAsSigned(Request.Install install) {
    try {
      LicenseKey key = LicenseKey.of(fleet.secret().open(install.sealed()), fleet.issuers());
      return key.terms().equals(install.terms())
          && fleet.secret().tag(key.id()).equals(install.key());
    } catch (BadKeyException forged) {
      return false;
    }
  }

  private boolean isOfVoter(Signed one) {
    return seats.voters().contains(one.signer())
        && seats
            .publicKey(one.signer())
            .map(key -> one.isBy(HexFormat.of().parseHex(key.hex())))
            .orElse(false);
  }

  private static boolean mayVoter(Entry entry) {
    return switch (entry) {
      case Entry.Expire expire -> true;
      case Entry.Pass pass -> true;
      case Entry.Thaw thaw -> true;
      case Entry.Voters voters -> true;
      default -> false;
    };
  }

  private static boolean mayOperator(Entry entry) {
    return !(entry instanceof Entry.FromHost || entry instanceof Entry.Renewals);
  }
}
