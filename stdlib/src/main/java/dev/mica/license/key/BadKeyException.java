package dev.mica.license.key;

/** Something is no licence key, or not one to be believed; the message says why, in a few words. */
public final class BadKeyException extends Exception {
  private static final long serialVersionUID = 1L;

  BadKeyException(String why) {
    super(why);
  }

  BadKeyException(String why, Throwable because) {
    super(why, because);
  }
}
