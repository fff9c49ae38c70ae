package dev.mica.image;

import dev.mica.failure.MicaException;
import java.util.regex.Pattern;

/**
 * Content by its digest, as the OCI image specification has it.
 *
 * @param mediaType what kind of content, as its manifest says
 * @param digest {@code sha256:} and 64 lower-case hexadecimal digits
 * @param size bytes
 */
record Descriptor(String mediaType, String digest, long size) {
  private static final Pattern SHA256 = Pattern.compile("sha256:[0-9a-f]{64}");

  /** Fails where the digest is not one of SHA-256 or the size is negative. */
  public Descriptor {
    if (!SHA256.matcher(digest).matches()) {
      throw MicaException.failed("read a descriptor of", digest, "it is no digest of SHA-256");
    }
    if (size < 0) {
      throw MicaException.failed("read a descriptor of", digest, "its size is " + size);
    }
  }

  /** The hexadecimal digits of the digest alone. */
  public String hex() {
    return digest.substring("sha256:".length());
  }
}
