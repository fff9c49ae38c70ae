package dev.mica.image;

import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * One try to get a blob into its {@code .part}, by a thread that has the blob locked. A connection
 * that ends early is opened again for the rest, a few times; after that the part stays for the next
 * try. A part that turns out wrong, or that cannot be written, goes.
 */
final class Fetch {
  private static final int BUFFER = 256 << 10;

  /** Connections that bring less than {@link #WORTH} and are asked for in a row. */
  private static final int TRIES = 4;

  /** A connection that brought so much, in bytes, is no reason to give up. */
  private static final long WORTH = 1 << 20;

  private final Descriptor blob;
  private final ImageSource source;
  private final Transfer transfer;
  private final Path path;

  Fetch(Descriptor blob, ImageSource source, Transfer transfer, Path path) {
    this.blob = blob;
    this.source = source;
    this.transfer = transfer;
    this.path = path;
  }

  /** Returns with all of it in the file, its digest compared, and flushed. */
  void run() {
    boolean left = Files.exists(path);
    try (Part part = open()) {
      String digest = complete(part);
      if (!digest.equals(blob.digest()) && left) {
        // The earlier try may have had it from somewhere else.
        write(part::clear);
        digest = complete(part);
      }
      if (!digest.equals(blob.digest())) {
        throw wrong("its bytes have the digest " + digest);
      }
      write(part::sync);
    } catch (IOException broken) {
      throw MicaException.failed("close", path, Why.of(broken)).because(broken);
    }
  }

  private Part open() {
    try {
      return Part.open(path, blob.size(), transfer);
    } catch (IOException broken) {
      throw MicaException.failed("read", path, Why.of(broken)).because(broken);
    }
  }

  private String complete(Part part) {
    int tries = 0;
    while (part.length() < blob.size()) {
      transfer.check();
      long before = part.length();
      try {
        receive(part);
      } catch (IOException cut) {
        transfer.check();
        tries = part.length() - before >= WORTH ? 0 : tries + 1;
        if (tries == TRIES) {
          throw cutShort(part, cut);
        }
      }
    }
    return part.digest();
  }

  /** Fails with an {@link IOException} where a connection is at fault. */
  private void receive(Part part) throws IOException {
    try (ImageSource.Blob answer = source.open(blob, part.length())) {
      InputStream in = answer.bytes();
      if (answer.from() > part.length()) {
        throw wrong("the answer begins at byte " + answer.from() + ", not " + part.length());
      }
      in.skipNBytes(part.length() - answer.from());
      byte[] buffer = new byte[BUFFER];
      while (part.length() < blob.size()) {
        int n = in.read(buffer, 0, (int) Math.min(buffer.length, blob.size() - part.length()));
        if (n < 0) {
          throw new IOException("the connection was closed");
        }
        write(() -> part.append(buffer, n));
        transfer.at(part.length());
        transfer.check();
      }
      if (in.read() >= 0) {
        throw wrong("it is longer than the " + blob.size() + " bytes that its manifest says");
      }
    }
  }

  private interface Step {
    void run() throws IOException;
  }

  /** A part that cannot be written, on a full disk, would only keep it full. */
  private void write(Step step) {
    try {
      step.run();
    } catch (IOException full) {
      discard();
      throw MicaException.failed("write", path, Why.of(full)).because(full);
    }
  }

  private MicaException cutShort(Part part, IOException cut) {
    String got = part.length() + " of its " + blob.size() + " bytes came";
    return MicaException.failed(
            "fetch the blob " + blob.digest() + " from", source.label(), got + ": " + Why.of(cut))
        .hint("try again: it goes on from there")
        .because(cut);
  }

  private MicaException wrong(String why) {
    discard();
    return MicaException.failed("fetch the blob " + blob.digest() + " from", source.label(), why);
  }

  private void discard() {
    try {
      Files.deleteIfExists(path);
    } catch (IOException broken) {
      throw MicaException.failed("remove", path, Why.of(broken)).because(broken);
    }
  }
}
