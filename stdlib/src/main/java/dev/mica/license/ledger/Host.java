package dev.mica.license.ledger;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;

/** A host of the fleet, and what it was answered. */
final class Host {
  /** Of so many requests before its latest a host may still ask for the answer. */
  static final int WINDOW = 1024;

  /** Of so many earlier boots it is known that they are over. */
  static final int BOOTS = 64;

  /**
   * A request that was answered.
   *
   * @param id its random id, by which one that is sent again is known from one of a clone
   */
  record Slot(UUID id, Answer answer) {}

  private Request.Hello hello;
  private UUID boot;

  /** The number of the hello with which the boot began. */
  private long bootSeq;

  private boolean frozen;
  private boolean gone;

  /** The epoch in which it has said hello last. */
  private int epoch;

  /** Of requests up to this no answer is kept. */
  private long floor;

  final List<UUID> pastBoots = new ArrayList<>();
  final SortedMap<Long, Slot> slots = new TreeMap<>();

  Host(Request.Hello hello, UUID boot, long seq, int epoch) {
    this.hello = hello;
    this.boot = boot;
    this.bootSeq = seq;
    this.epoch = epoch;
  }

  /** Its latest. */
  Request.Hello hello() {
    return hello;
  }

  String user() {
    return hello.user();
  }

  Set<String> groups() {
    return hello.groups();
  }

  UUID boot() {
    return boot;
  }

  long bootSeq() {
    return bootSeq;
  }

  boolean isFrozen() {
    return frozen;
  }

  /** Whether an operator has removed it. Its numbers are kept, so that nothing old comes again. */
  boolean isGone() {
    return gone;
  }

  void leave() {
    gone = true;
  }

  int epoch() {
    return epoch;
  }

  long floor() {
    return floor;
  }

  void freeze() {
    frozen = true;
  }

  /** One boot is the true one; the present one is over if it is another. */
  void unfreeze(UUID truly) {
    frozen = false;
    if (!truly.equals(boot)) {
      pastBoots.remove(truly);
      bury(boot);
      boot = truly;
      bootSeq = highest();
    }
  }

  void says(Request.Hello again, int now) {
    gone = false;
    epoch = now;
    hello = again;
  }

  void reboot(UUID next, long seq) {
    bury(boot);
    boot = next;
    bootSeq = seq;
  }

  private void bury(UUID past) {
    pastBoots.add(past);
    if (pastBoots.size() > BOOTS) {
      pastBoots.removeFirst();
    }
  }

  /** The highest number that a request of the host had; 0 if there was none. */
  long highest() {
    return slots.isEmpty() ? floor : slots.lastKey();
  }

  Optional<Slot> slot(long seq) {
    return Optional.ofNullable(slots.get(seq));
  }

  void restore(long floor, boolean frozen, boolean gone) {
    this.floor = floor;
    this.frozen = frozen;
    this.gone = gone;
  }

  void answered(long seq, UUID id, Answer answer) {
    slots.put(seq, new Slot(id, answer));
  }

  /** Forgets the answers that the host has, and those that are too old. */
  void forget(long settled) {
    floor = Math.max(floor, Math.max(Math.min(settled, highest()), highest() - WINDOW));
    slots.headMap(floor + 1).clear();
  }
}
