package dev.mica.shell.attach;

import java.io.ByteArrayOutputStream;

/** Looks for the keys that detach among all that is typed. */
final class DetachKeys {
  private final byte[] keys;
  private int typed;

  /** None: nothing detaches. */
  DetachKeys(byte[] keys) {
    this.keys = keys;
  }

  /** What of the first {@code length} bytes, and of those before, is to be passed on now. */
  byte[] pass(byte[] bytes, int length) {
    ByteArrayOutputStream passed = new ByteArrayOutputStream(length);
    for (int i = 0; i < length && !isTyped(); i++) {
      if (typed > 0 && bytes[i] != keys[typed]) {
        passed.write(keys, 0, typed); // they were meant for the other side
        typed = 0;
      }
      if (keys.length > 0 && bytes[i] == keys[typed]) {
        typed++;
      } else {
        passed.write(bytes[i]);
      }
    }
    return passed.toByteArray();
  }

  /** Whether all of them were, one after the other. */
  boolean isTyped() {
    return keys.length > 0 && typed == keys.length;
  }
}
