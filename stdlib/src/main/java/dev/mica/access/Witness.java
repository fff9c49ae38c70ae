package dev.mica.access;

/** Is told what callers have asked to change. */
@FunctionalInterface
public interface Witness {
  /** Called when it is over; never fails, since what was done is done. */
  void saw(Deed deed);
}
