package dev.mica.image;

import dev.mica.access.Reached;
import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import dev.mica.job.Activity;
import java.io.BufferedInputStream;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.jspecify.annotations.Nullable;

/**
 * The files of a tar, by their positions in it: nothing is unpacked. A tar that is compressed by
 * gzip is first uncompressed to a file of ours.
 */
final class TarFiles implements NamedFiles {
  /** An archive of images has some files for each layer. */
  private static final int MOST_ENTRIES = 100_000;

  private static final int MOST_LINKS = 8;
  private static final int LONGEST_NAME = 4096;
  private static final int BUFFER = 1 << 20;
  private static final int CHECKED = 64 << 20;

  private final Path shown;
  private final RandomAccessFile file;
  private final @Nullable Path part;
  private final Map<String, Place> places = new HashMap<>();
  private final Map<String, String> links = new HashMap<>();

  private record Place(long from, long size) {}

  private TarFiles(Path shown, Path file, @Nullable Path part) throws IOException {
    this.shown = shown;
    this.file = new RandomAccessFile(file.toFile(), "r");
    this.part = part;
  }

  /** The files of the tar in {@code from}; {@code blobs} has room for a compressed one. */
  static TarFiles of(Reached from, Blobs blobs) {
    return of(from.named(), from.path(), blobs);
  }

  /** Of the tar that a stream has, which is read to its end; {@code blobs} has room for it. */
  static TarFiles of(InputStream stream, Blobs blobs) {
    Path part = blobs.newPart();
    try {
      keep(stream, part);
      return of(Images.STREAM, part, blobs);
    } catch (IOException broken) {
      throw MicaException.failed("read the archive", Images.STREAM, Why.of(broken)).because(broken);
    } finally {
      remove(part); // what is open can be read on
    }
  }

  private static void keep(InputStream stream, Path part) throws IOException {
    try (Activity activity =
            Activity.begin("read the archive", OptionalLong.empty(), Activity.Work.NONE);
        OutputStream out = Files.newOutputStream(part)) {
      byte[] buffer = new byte[BUFFER];
      for (int n = stream.read(buffer); n >= 0; n = stream.read(buffer)) {
        out.write(buffer, 0, n);
        activity.check();
      }
    }
  }

  private static TarFiles of(Path shown, Path file, Blobs blobs) {
    Path part = null;
    TarFiles files = null;
    boolean done = false;
    try {
      part = isGzip(file) ? uncompressed(shown, file, blobs) : null;
      files = new TarFiles(shown, part == null ? file : part, part);
      files.scan();
      done = true;
      return files;
    } catch (IOException broken) {
      throw MicaException.failed("read the archive", shown, Why.of(broken)).because(broken);
    } finally {
      if (!done) {
        if (files != null) {
          files.close();
        } else if (part != null) {
          remove(part);
        }
      }
    }
  }

  private static boolean isGzip(Path file) throws IOException {
    try (InputStream in = new FileInputStream(file.toFile())) {
      return in.read() == 0x1f && in.read() == 0x8b;
    }
  }

  private static Path uncompressed(Path shown, Path file, Blobs blobs) throws IOException {
    Path part = blobs.newPart();
    boolean done = false;
    long most = Limits.unpacked(Files.size(file));
    try (Activity activity =
            Activity.begin("uncompress " + shown, OptionalLong.empty(), Activity.Work.NONE);
        InputStream in = new GZIPInputStream(new FileInputStream(file.toFile()), BUFFER);
        OutputStream out = Files.newOutputStream(part)) {
      byte[] buffer = new byte[BUFFER];
      long length = 0;
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        length += n;
        if (length > most) {
          throw MicaException.failed(
              "read the archive", shown, "uncompressed it has more than " + most + " bytes");
        }
        out.write(buffer, 0, n);
        activity.check();
      }
      done = true;
      return part;
    } finally {
      if (!done) {
        remove(part);
      }
    }
  }

  /** Finds where each file begins. */
  private void scan() throws IOException {
    In in = new In(0, file.length());
    TarArchiveInputStream tar = new TarArchiveInputStream(in);
    int count = 0;
    for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
      if (++count > MOST_ENTRIES || entry.getName().length() > LONGEST_NAME) {
        throw bad("it has more entries, or longer names, than an archive of images");
      }
      add(entry, in.position);
    }
    if (count == 0) {
      throw bad("it is no tar, or has nothing in it");
    }
  }

  private void add(TarArchiveEntry entry, long from) throws IOException {
    String name = normal(entry.getName());
    if (entry.isDirectory()) {
      return;
    }
    if (places.containsKey(name) || links.containsKey(name)) {
      throw bad("it has " + name + " twice");
    }
    if (entry.isSymbolicLink()) {
      int slash = name.lastIndexOf('/');
      links.put(name, normal(name.substring(0, slash + 1) + entry.getLinkName()));
    } else if (entry.isLink()) {
      links.put(name, normal(entry.getLinkName()));
    } else if (entry.isFile() && !entry.isSparse()) {
      long size = entry.getSize();
      if (size < 0 || from + size > file.length()) {
        throw bad(name + " in it is cut short");
      }
      places.put(name, new Place(from, size));
    } else {
      throw bad(name + " in it is no file");
    }
  }

  /**
   * The name without {@code .} and {@code ..}, which lead to the top at most: names are only
   * compared.
   */
  private static String normal(String name) {
    return Path.of("/" + name.replace('\0', '?')).normalize().toString().substring(1);
  }

  private Optional<Place> place(String name) {
    String at = name;
    for (int i = 0; i < MOST_LINKS && links.containsKey(at); i++) {
      at = links.get(at);
    }
    return Optional.ofNullable(places.get(at));
  }

  @Override
  public String label() {
    return shown.toString();
  }

  @Override
  public OptionalLong size(String name) {
    return place(normal(name))
        .map(place -> OptionalLong.of(place.size()))
        .orElse(OptionalLong.empty());
  }

  @Override
  public InputStream open(String name, long from) throws IOException {
    Place place = place(normal(name)).orElseThrow(() -> new IOException("it has no " + name));
    return new BufferedInputStream(
        new In(place.from() + from, place.from() + place.size()), BUFFER);
  }

  @Override
  public void close() {
    try {
      file.close();
    } catch (IOException broken) {
      throw MicaException.failed("close", shown, Why.of(broken)).because(broken);
    } finally {
      if (part != null) {
        remove(part);
      }
    }
  }

  private static void remove(Path part) {
    try {
      Files.deleteIfExists(part);
    } catch (IOException broken) {
      throw MicaException.failed("remove", part, Why.of(broken)).because(broken);
    }
  }

  /** A part of the file; several may be read at once. */
  private final class In extends InputStream {
    private long position;
    private final long end;

    In(long from, long end) {
      this.position = from;
      this.end = end;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      if (length == 0) {
        return 0;
      }
      if (position >= end) {
        return -1;
      }
      synchronized (file) {
        file.seek(position);
        int n = file.read(bytes, offset, (int) Math.min(Math.min(length, CHECKED), end - position));
        position += Math.max(n, 0);
        return n;
      }
    }

    @Override
    public long skip(long count) {
      long step = Math.clamp(count, 0, Math.max(0, end - position));
      position += step;
      return step;
    }

    @Override
    public int available() {
      return (int) Math.min(Integer.MAX_VALUE, Math.max(0, end - position));
    }
  }
}
