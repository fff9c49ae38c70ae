package dev.mica.user;

import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/** Reads public keys of a file: {@code id_ed25519.pub}, or {@code authorized_keys}. */
final class KeyFile {
  /** The largest file, in bytes: a larger one has more in it than one user's keys. */
  private static final int LARGEST = 1 << 16;

  private final String doing;
  private final Path file;

  /** Reads a file; {@code doing} says in a failure what the keys are wanted for. */
  KeyFile(String doing, Path file) {
    this.doing = doing;
    this.file = file;
  }

  /** All keys, at least one; fails if any line is no key, or a key that has expired. */
  List<UserKey> keys() {
    String text = read();
    if (text.contains("PRIVATE KEY-----") || text.startsWith("PuTTY-User-Key-File")) {
      throw refused("it is a private key, which nobody else may have")
          .hint("give the public key, whose file name usually ends in .pub");
    }
    if (text.startsWith("---- BEGIN SSH2 PUBLIC KEY")) {
      throw refused("it is not in the format of OpenSSH")
          .hint("ssh-keygen -i -f " + file + " prints it in that format");
    }
    List<UserKey> keys = new ArrayList<>();
    int number = 0;
    for (String line : text.lines().toList()) {
      number++;
      if (!line.isBlank() && !line.stripLeading().startsWith("#")) {
        keys.add(key(line, number));
      }
    }
    if (keys.isEmpty()) {
      throw refused("there is no key in it");
    }
    return keys;
  }

  private UserKey key(String line, int number) {
    try {
      UserKey key = UserKey.of(line);
      if (key.isExpired(Instant.now())) {
        throw new IllegalArgumentException("the key has expired");
      }
      return key;
    } catch (IllegalArgumentException wrong) {
      throw refused("line " + number + ": " + wrong.getMessage())
          .hint("ssh-keygen -t ed25519 makes one that is accepted")
          .because(wrong);
    }
  }

  private String read() {
    try {
      if (Files.exists(file) && !Files.isRegularFile(file)) {
        throw refused("it is no file");
      }
      try (InputStream in = Files.newInputStream(file)) {
        byte[] bytes = in.readNBytes(LARGEST + 1);
        if (bytes.length > LARGEST) {
          throw refused("it is larger than " + LARGEST + " bytes, so it is no file of keys");
        }
        return new String(bytes, StandardCharsets.UTF_8);
      }
    } catch (IOException broken) {
      throw MicaException.failed(doing + " with the key file", file, Why.of(broken))
          .because(broken);
    }
  }

  private MicaException refused(String why) {
    return MicaException.usage(doing + " with the key file", file, why);
  }
}
