package dev.mica.folder;

import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Iterator;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;

/**
 * A diff as it was found once. Its changes lie in a file that has no name any more and goes with
 * the object, so that there may be any number of them.
 */
final class KeptDiff implements Diff {
  private static final int BUFFER = 1 << 16;
  private static final int NONE = 0;

  private final String from;
  private final String to;
  private final RandomAccessFile file;
  private final Summary summary;

  private KeptDiff(String from, String to, RandomAccessFile file, Summary summary) {
    this.from = from;
    this.to = to;
    this.file = file;
    this.summary = summary;
  }

  static Diff of(Diff diff, Path path) {
    try {
      RandomAccessFile file = nameless(path);
      boolean done = false;
      try {
        Diff kept = new KeptDiff(diff.from(), diff.to(), file, write(diff, file));
        done = true;
        return kept;
      } finally {
        if (!done) {
          file.close();
        }
      }
    } catch (IOException broken) {
      throw MicaException.failed("keep the lines of a diff in", path, Why.of(broken))
          .because(broken);
    }
  }

  private static RandomAccessFile nameless(Path path) throws IOException {
    RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw");
    Files.deleteIfExists(path);
    return file;
  }

  private static Summary write(Diff diff, RandomAccessFile file) throws IOException {
    Map<Change.Kind, Long> lines = new EnumMap<>(Change.Kind.class);
    try (Stream<Change> changes = diff.stream()) {
      DataOutputStream out = new DataOutputStream(new BufferedOutputStream(end(file), BUFFER));
      for (Change change : (Iterable<Change>) changes::iterator) {
        lines.merge(change.kind(), 1L, Long::sum);
        write(change, out);
      }
      out.flush();
    }
    return new Summary(
        lines.getOrDefault(Change.Kind.ADDED, 0L),
        lines.getOrDefault(Change.Kind.MODIFIED, 0L),
        lines.getOrDefault(Change.Kind.DELETED, 0L));
  }

  private static OutputStream end(RandomAccessFile file) {
    return new OutputStream() {
      @Override
      public void write(int one) throws IOException {
        file.write(one);
      }

      @Override
      public void write(byte[] bytes, int from, int length) throws IOException {
        file.write(bytes, from, length);
      }
    };
  }

  private static void write(Change change, DataOutputStream out) throws IOException {
    byte[] path = change.path().bytes();
    out.writeUTF(change.kind().name());
    out.writeInt(path.length);
    out.write(path);
    out.writeInt(TreeDiff.bits(change.what()));
    out.writeChar(letter(change.before()));
    out.writeChar(letter(change.after()));
    out.writeLong(change.sizeBefore());
    out.writeLong(change.sizeAfter());
  }

  private static int letter(@Nullable Type type) {
    return type == null ? NONE : type.letter();
  }

  private static Change read(DataInputStream in) throws IOException {
    Change.Kind kind = Change.Kind.valueOf(in.readUTF());
    byte[] path = new byte[in.readInt()];
    in.readFully(path);
    return new Change(
        kind,
        Name.of(path),
        TreeDiff.what(in.readInt()),
        TreeDiff.type(in.readChar()),
        TreeDiff.type(in.readChar()),
        in.readLong(),
        in.readLong());
  }

  /** Reads it from its beginning, whoever else reads it at the same time. */
  private final class Reading extends InputStream {
    private long at;

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] bytes, int from, int length) throws IOException {
      synchronized (file) {
        file.seek(at);
        int count = file.read(bytes, from, length);
        at += Math.max(count, 0);
        return count;
      }
    }
  }

  private final class Changes implements Iterator<Change> {
    private final DataInputStream in =
        new DataInputStream(new BufferedInputStream(new Reading(), BUFFER));
    private long left = count();

    @Override
    public boolean hasNext() {
      return left > 0;
    }

    @Override
    public Change next() {
      if (left == 0) {
        throw new NoSuchElementException();
      }
      left--;
      try {
        return read(in);
      } catch (IOException broken) {
        throw MicaException.failed("read again how", to + " differs", Why.of(broken))
            .because(broken);
      }
    }
  }

  private long count() {
    return summary.added() + summary.modified() + summary.deleted();
  }

  @Override
  public String from() {
    return from;
  }

  @Override
  public String to() {
    return to;
  }

  @Override
  public Stream<Change> stream() {
    int is = Spliterator.ORDERED | Spliterator.NONNULL | Spliterator.IMMUTABLE;
    return StreamSupport.stream(Spliterators.spliterator(new Changes(), count(), is), false);
  }

  @Override
  public String tree() {
    return TreeDiff.draw(this);
  }

  @Override
  public Summary summary() {
    return summary;
  }

  @Override
  public String toString() {
    return from + " → " + to;
  }
}
