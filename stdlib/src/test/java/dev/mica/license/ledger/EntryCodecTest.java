package dev.mica.license.ledger;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * Bytes from anybody: what is taken has one form, so what is signed is what is done. {@code
 * -Dmica.seed=N} tries the same again; {@code MICA_FULL=1} tries ten million.
 */
class EntryCodecTest {
  private static final int FRAMES = "1".equals(System.getenv("MICA_FULL")) ? 10_000_000 : 100_000;

  @Test
  void bytesThatAreTakenAreTheOnesThatWouldBeWritten() {
    long seed = Long.getLong("mica.seed", System.nanoTime());
    Random random = new Random(seed);
    RandomEntries entries = new RandomEntries(seed);
    Seats seats = new Seats();
    int taken = 0;
    for (int i = 1; i <= FRAMES; i++) {
      Entry entry = entries.next(seats);
      if (i % 3 == 0) {
        entries.learn(entry, seats.apply(i, entries.clock(), entry));
      }
      byte[] bytes = changed(random, EntryCodec.bytes(entry));
      try {
        Entry read = EntryCodec.entry(bytes);
        assertArrayEquals(bytes, EntryCodec.bytes(read), "-Dmica.seed=" + seed + " at " + i);
        taken++;
      } catch (IOException refused) {
        assertTrue(refused.getMessage() != null, "a reason");
      } catch (RuntimeException wrong) {
        throw new AssertionError("-Dmica.seed=" + seed + " at " + i, wrong);
      }
    }
    assertTrue(taken > FRAMES / 20 && taken < FRAMES, taken + " of " + FRAMES + " were taken");
  }

  private static byte[] changed(Random random, byte[] bytes) {
    byte[] changed =
        switch (random.nextInt(5)) {
          case 0 -> Arrays.copyOf(bytes, random.nextInt(bytes.length));
          case 1 -> Arrays.copyOf(bytes, bytes.length + 1 + random.nextInt(9));
          default -> bytes;
        };
    for (int i = random.nextInt(4); i > 0 && changed.length > 0; i--) {
      int at = random.nextInt(random.nextBoolean() ? Math.min(changed.length, 8) : changed.length);
      changed[at] = (byte) (random.nextBoolean() ? random.nextInt() : changed[at] ^ 1);
    }
    return changed;
  }

  @Test
  void noLengthIsBelieved() {
    byte[] bytes = {1, 0x7f, (byte) 0xff, (byte) 0xff, (byte) 0xff};
    IOException refused =
        org.junit.jupiter.api.Assertions.assertThrows(
            IOException.class, () -> EntryCodec.entry(bytes));
    assertEquals("2147483647 is more than 4096", refused.getMessage());
  }
}
