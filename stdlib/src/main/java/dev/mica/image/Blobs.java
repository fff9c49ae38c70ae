package dev.mica.image;

import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import dev.mica.state.Durable;
import dev.mica.state.Hold;
import dev.mica.state.StateDir;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;

/**
 * The parts of images, by content: {@code blobs/sha256/HEX} of the state directory is a blob whose
 * digest was compared before it got that name. Blobs that are still being fetched lie in {@code
 * blobs/parts}, under the name of the blob if a later attempt can go on with it.
 *
 * <p>Every class of this package may read and link the files, and none may change them.
 */
final class Blobs implements BlobSink {
  /** Another process may be fetching the same blob, which may take long; Ctrl-C ends the wait. */
  private static final Duration LONGEST = Duration.ofDays(1);

  private static final String PREFIX = "sha256:";
  private static final String NEW = "new-";
  private static final AtomicLong NUMBER = new AtomicLong();

  private final StateDir state;
  private final Path blobs;
  private final Path parts;

  /** The blobs of a state directory; no folder is made before there is something to keep. */
  public Blobs(StateDir state) {
    this.state = state;
    this.blobs = state.path().resolve("blobs/sha256");
    this.parts = state.path().resolve("blobs/parts");
  }

  /** Fails if the blob exists but does not have the size that the descriptor says. */
  @Override
  public Optional<Path> find(Descriptor blob) {
    Path file = blobs.resolve(blob.hex());
    try {
      long size = Files.size(file);
      if (size != blob.size()) {
        throw MicaException.failed(
            "use the blob",
            blob.digest(),
            "it has " + size + " bytes, and " + blob.size() + " are spoken of");
      }
      return Optional.of(file);
    } catch (NoSuchFileException none) {
      return Optional.empty();
    } catch (IOException broken) {
      throw MicaException.failed("read", file, Why.of(broken)).because(broken);
    }
  }

  /** The blob of that digest, and its size; empty if it does not exist. */
  Optional<Descriptor> describe(String digest, String mediaType) {
    Path file = blobs.resolve(new Descriptor(mediaType, digest, 0).hex());
    try {
      return Optional.of(new Descriptor(mediaType, digest, Files.size(file)));
    } catch (NoSuchFileException none) {
      return Optional.empty();
    } catch (IOException broken) {
      throw MicaException.failed("read", file, Why.of(broken)).because(broken);
    }
  }

  /**
   * The blob's file, which is fetched from {@code source} if it does not exist. If two processes
   * fetch the same blob, one waits for the other. What a failed attempt has fetched is kept, and is
   * hashed again at the next attempt.
   *
   * @param transfer gets the progress; cancelling it ends this call
   */
  public Path fetch(Descriptor blob, ImageSource source, Transfer transfer) {
    Optional<Path> there = find(blob);
    if (there.isEmpty()) {
      String what = "fetch the blob " + blob.digest();
      try (Hold _ = state.waiting(LONGEST).hold(what, object(blob.digest()))) {
        there = find(blob).or(() -> Optional.of(fetched(blob, source, transfer)));
      }
    }
    transfer.at(blob.size());
    return there.get();
  }

  private Path fetched(Descriptor blob, ImageSource source, Transfer transfer) {
    makeDirectories();
    Path part = parts.resolve(blob.hex());
    new Fetch(blob, source, transfer, part).run();
    return publish(blob, part);
  }

  @Override
  public Path newPart() {
    makeDirectories();
    long pid = ProcessHandle.current().pid();
    Path part = parts.resolve(NEW + pid + "-" + NUMBER.incrementAndGet());
    try {
      Files.deleteIfExists(part); // left by a dead process that had the same number
      return part;
    } catch (IOException broken) {
      throw MicaException.failed("remove", part, Why.of(broken)).because(broken);
    }
  }

  /** If the blob exists already, {@code part} is removed. */
  @Override
  public Path add(Descriptor blob, Path part) {
    makeDirectories();
    try {
      long size = Files.size(part);
      if (size != blob.size()) {
        throw MicaException.failed(
            "keep the blob", blob.digest(), "it has " + size + " bytes, not " + blob.size());
      }
      Optional<Path> there = find(blob);
      if (there.isPresent()) {
        Files.delete(part);
        return there.get();
      }
      return publish(blob, part);
    } catch (IOException broken) {
      throw MicaException.failed("keep", part, Why.of(broken)).because(broken);
    }
  }

  @Override
  public void keep(Descriptor document, byte[] content) {
    Path part = newPart();
    try {
      Durable.writePart(part, content);
      Path _ = add(document, part);
    } catch (IOException full) {
      throw MicaException.failed("write", part, Why.of(full)).because(full);
    } finally {
      BlobSink.discard(part);
    }
  }

  private Path publish(Descriptor blob, Path part) {
    Path file = blobs.resolve(blob.hex());
    try {
      Durable.move(part, file);
      return file;
    } catch (IOException broken) {
      throw MicaException.failed("rename " + part + " to", file, Why.of(broken)).because(broken);
    }
  }

  /** Removes a blob; none is fine. */
  public void remove(String digest) {
    delete(blobs.resolve(digest.substring(PREFIX.length())));
  }

  /** The digests of all blobs, in order. */
  public List<String> digests() {
    return names(blobs).map(PREFIX::concat).toList();
  }

  /**
   * Removes what failed or killed fetches have left, and what nobody can complete any more. What is
   * being written stays.
   */
  public void removeParts() {
    for (String name : names(parts).toList()) {
      Path part = parts.resolve(name);
      if (name.startsWith(NEW)) {
        if (!isWritten(part, name)) {
          delete(part);
        }
      } else {
        state.ifFree("tidy up", object(PREFIX + name), () -> delete(part));
      }
    }
  }

  /** By a process that is there and is older than the last that was written. */
  private static boolean isWritten(Path part, String name) {
    long pid = Long.parseLong(name.substring(NEW.length(), name.lastIndexOf('-')));
    Optional<Instant> started =
        ProcessHandle.of(pid).flatMap(process -> process.info().startInstant());
    try {
      Instant written = Files.getLastModifiedTime(part).toInstant();
      // A process's start is known to a hundredth of a second.
      return started.isPresent() && !started.get().isAfter(written.plusSeconds(1));
    } catch (NoSuchFileException added) {
      return true;
    } catch (IOException broken) {
      throw MicaException.failed("read", part, Why.of(broken)).because(broken);
    }
  }

  private static String object(String digest) {
    return "blob " + digest;
  }

  private void makeDirectories() {
    state.makeDirectory("blobs/sha256");
    state.makeDirectory("blobs/parts");
  }

  private static void delete(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException broken) {
      throw MicaException.failed("remove", file, Why.of(broken)).because(broken);
    }
  }

  private static Stream<String> names(Path directory) {
    try (Stream<Path> files = Files.list(directory)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList().stream();
    } catch (NoSuchFileException none) {
      return Stream.empty();
    } catch (IOException broken) {
      throw MicaException.failed("list", directory, Why.of(broken)).because(broken);
    }
  }
}
