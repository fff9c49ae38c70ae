package dev.mica.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The JDK's digest is the other opinion. */
final class Sha256Test {
  @Test
  void bytesInPiecesHaveTheDigestOfTheWhole() throws Exception {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    for (int i = 0; i < 20; i++) {
      MessageDigest theirs = MessageDigest.getInstance("SHA-256");
      try (Sha256 ours = new Sha256()) {
        for (int piece = random.nextInt(5); piece > 0; piece--) {
          byte[] bytes = new byte[random.nextInt(300_000)];
          random.nextBytes(bytes);
          int count = random.nextInt(bytes.length + 1);
          ours.add(bytes, count);
          theirs.update(Arrays.copyOf(bytes, count));
        }
        assertThat(ours.digest())
            .as("seed %d", seed)
            .isEqualTo("sha256:" + HexFormat.of().formatHex(theirs.digest()));
      }
    }
  }

  @Test
  void afterTheDigestNothingIsAdded() {
    try (Sha256 sha = new Sha256()) {
      sha.add(new byte[10], 10);
      assertThat(sha.digest()).startsWith("sha256:");
      assertThatThrownBy(() -> sha.add(new byte[1], 1)).isInstanceOf(IllegalStateException.class);
      assertThatThrownBy(sha::digest).isInstanceOf(IllegalStateException.class);
    }
  }
}
