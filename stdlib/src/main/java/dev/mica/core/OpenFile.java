package dev.mica.core;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A file, a directory or any entry that is open, whatever its name leads to by now. */
public final class OpenFile implements FileHandle {
  private static final int LONGEST_LINK = 4096;
  static final int LIST_ROOM = 65_536;
  static final long NAME_RECORD_LEN = FileStatus.SIZE;
  static final long NAME_LEN = FileStatus.SIZE + 4;
  static final long NAME = FileStatus.SIZE + 8;

  private final int descriptor;
  private final String shown;

  OpenFile(int descriptor, String shown) {
    this.descriptor = descriptor;
    this.shown = shown;
  }

  /** A name in a directory. */
  public static final class Entry {
    private final byte[] name;
    private final FileStatus status;

    /**
     * An entry.
     *
     * @param name its bytes
     * @param status what it names, of a symlink itself
     */
    public Entry(byte[] name, FileStatus status) {
      this.name = name.clone();
      this.status = status;
    }

    /** The bytes of the name. */
    public byte[] name() {
      return name.clone();
    }

    /** What it names, of a symlink itself. */
    public FileStatus status() {
      return status;
    }
  }

  /**
   * A path that leads to it as long as it is open, in this process; messages say {@code named}
   * instead.
   */
  public Path path(Path named) {
    OpenDirectory.OPENED_BY.put(descriptor, named);
    return Path.of("/proc/self/fd/" + descriptor);
  }

  @Override
  public FileStatus status() {
    try (Call call = new Call("look at", shown)) {
      MemorySegment is = call.allocate(FileStatus.SIZE);
      call.run(() -> (int) Function.FILE_STAT.handle().invokeExact(descriptor, is, call.error()));
      return FileStatus.read(is);
    }
  }

  @Override
  public void change(FileChange change, boolean setId) {
    try (Call call = new Call("change", shown)) {
      MemorySegment set = change.struct(call, setId);
      call.run(() -> (int) Function.FILE_SET.handle().invokeExact(descriptor, set, call.error()));
    }
  }

  @Override
  public FileSpace space() {
    try (Call call = new Call("ask for the space at", shown)) {
      MemorySegment space = call.allocate(FileSpace.SIZE);
      call.run(
          () -> (int) Function.FILE_SPACE.handle().invokeExact(descriptor, space, call.error()));
      return FileSpace.read(space);
    }
  }

  @Override
  public byte[] linkText() {
    try (Call call = new Call("read the symlink", shown)) {
      MemorySegment text = call.allocate(LONGEST_LINK);
      long length =
          call.run(() ->
              (long)
                  Function.FILE_LINK
                      .handle()
                      .invokeExact(descriptor, text, (long) LONGEST_LINK, call.error()));
      return text.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE);
    }
  }

  @Override
  public byte[] read(long at, int most) {
    try (Call call = new Call("read", shown)) {
      MemorySegment bytes = call.allocate(Math.max(1, most));
      long got =
          call.run(() ->
              (long)
                  Function.FILE_READ
                      .handle()
                      .invokeExact(descriptor, bytes, (long) most, at, call.error()));
      return bytes.asSlice(0, got).toArray(ValueLayout.JAVA_BYTE);
    }
  }

  @Override
  public void write(long at, byte[] bytes) {
    try (Call call = new Call("write", shown)) {
      MemorySegment from = call.bytes(bytes);
      call.run(() ->
          (int)
              Function.FILE_WRITE
                  .handle()
                  .invokeExact(descriptor, from, (long) bytes.length, at, call.error()));
    }
  }

  @Override
  public void sync() {
    try (Call call = new Call("flush", shown)) {
      call.run(() -> (int) Function.FILE_SYNC.handle().invokeExact(descriptor, call.error()));
    }
  }

  /** Copies up to {@code most} bytes to another file; how many: 0 at the end. */
  public long copyTo(OpenFile to, long at, long most, long toAt) {
    try (Call call = new Call("copy", shown + " to " + to.shown)) {
      return call.run(() ->
          (long)
              Function.FILE_COPY
                  .handle()
                  .invokeExact(descriptor, at, to.descriptor, toAt, most, call.error()));
    }
  }

  @Override
  public List<Entry> next() {
    try (Call call = new Call("list", shown)) {
      MemorySegment records = call.allocate(LIST_ROOM);
      long used =
          call.run(() ->
              (long)
                  Function.FILE_LIST
                      .handle()
                      .invokeExact(descriptor, records, (long) LIST_ROOM, call.error()));
      List<Entry> entries = new ArrayList<>();
      for (long at = 0; at < used; ) {
        MemorySegment record = records.asSlice(at);
        int length = record.get(ValueLayout.JAVA_INT, NAME_LEN);
        entries.add(
            new Entry(
                record.asSlice(NAME, length).toArray(ValueLayout.JAVA_BYTE),
                FileStatus.read(record)));
        at += record.get(ValueLayout.JAVA_INT, NAME_RECORD_LEN);
      }
      return entries;
    }
  }

  @Override
  public void close() {
    OpenDirectory.OPENED_BY.remove(descriptor);
    Call.invoke(() -> {
      Function.CLOSE_DIRECTORY.handle().invokeExact(descriptor);
      return 0;
    });
  }

  @Override
  public String toString() {
    return shown;
  }
}
