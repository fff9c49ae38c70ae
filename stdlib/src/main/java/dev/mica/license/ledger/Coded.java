package dev.mica.license.ledger;

/** One of a few, with a number by which it is known on the wire and in the log for ever. */
public interface Coded {
  /** 0 to 255. */
  int code();
}
