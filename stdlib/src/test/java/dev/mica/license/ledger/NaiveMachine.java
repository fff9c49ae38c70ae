package dev.mica.license.ledger;

import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/** A host, as {@link NaiveSeats} knows it. */
final class NaiveMachine {
  final HostId id;
  UUID boot;
  long bootSeq;
  boolean frozen;
  boolean gone;
  int epoch;
  String user = "";
  List<String> groups = List.of();
  final List<UUID> past = new ArrayList<>();

  /** Every request whose answer may be asked for, in the order of the log. */
  final List<Answered> all = new ArrayList<>();

  long floor;

  NaiveMachine(HostId id, UUID boot, long bootSeq) {
    this.id = id;
    this.boot = boot;
    this.bootSeq = bootSeq;
  }

  long highest() {
    return Math.max(floor, all.stream().mapToLong(Answered::seq).max().orElse(0));
  }

  record Answered(long seq, UUID id, Answer answer) {}
}
