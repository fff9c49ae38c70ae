package dev.mica.container;

import dev.mica.core.FileChange;
import dev.mica.core.FileHandle;
import dev.mica.core.FileSpace;
import dev.mica.core.FileStatus;
import dev.mica.core.OpenFile;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/** A file that is open in a guest. What the guest says of it is checked before it is believed. */
final class GuestFile implements FileHandle {
  private static final int LONGEST_LINK = 4096;
  private static final int LONGEST_NAME = 255;

  private final VmTree tree;
  private final int number;
  private final String shown;

  GuestFile(VmTree tree, int number, String shown) {
    this.tree = tree;
    this.number = number;
    this.shown = shown;
  }

  private GuestRequest request(int type) {
    return VmTree.request(type).number(number);
  }

  private void done(String doing, GuestRequest request) {
    ByteBuffer _ = tree.ask(doing, shown, request);
  }

  private <T> T ask(String doing, GuestRequest request, Function<ByteBuffer, T> read) {
    ByteBuffer reply = tree.ask(doing, shown, request);
    try {
      return read.apply(reply);
    } catch (BufferUnderflowException | IllegalArgumentException wrong) {
      throw tree.refused(doing, shown).because(wrong);
    }
  }

  @Override
  public FileStatus status() {
    return ask("look at", request(GuestRequest.STAT), GuestFile::status);
  }

  private static FileStatus status(ByteBuffer from) {
    return new FileStatus(
        from.getLong(),
        from.getLong(),
        from.getLong(),
        from.getInt(),
        from.getInt(),
        from.getInt(),
        from.getInt());
  }

  @Override
  public void change(FileChange change, boolean setId) {
    FileChange.Owner owner = change.owner().orElse(new FileChange.Owner(0, 0));
    FileChange.Times times = change.times().orElse(new FileChange.Times(0, 0));
    done(
        "change",
        request(GuestRequest.SET)
            .number(change.what(setId))
            .number(change.size().orElse(0))
            .number(owner.uid())
            .number(owner.gid())
            .number(change.mode().orElse(0))
            .number(times.accessed())
            .number(times.modified()));
  }

  @Override
  public FileSpace space() {
    return ask("ask for the space at", request(GuestRequest.SPACE), GuestFile::space);
  }

  private static FileSpace space(ByteBuffer from) {
    return new FileSpace(
        from.getLong(),
        from.getLong(),
        from.getLong(),
        from.getLong(),
        from.getLong(),
        from.getLong(),
        from.getLong(),
        from.getLong(),
        from.getLong());
  }

  @Override
  public byte[] linkText() {
    return ask(
        "read the symlink", request(GuestRequest.READ_LINK), reply -> bytes(reply, LONGEST_LINK));
  }

  private static byte[] bytes(ByteBuffer from, int most) {
    int length = from.getInt();
    if (length < 0 || length > most) {
      throw new IllegalArgumentException(length + " bytes, of at most " + most);
    }
    byte[] bytes = new byte[length];
    from.get(bytes);
    return bytes;
  }

  @Override
  public byte[] read(long at, int most) {
    int some = Math.clamp(most, 0, VmTree.LONGEST_DATA);
    return ask(
        "read", request(GuestRequest.READ).number(at).number(some), reply -> bytes(reply, some));
  }

  @Override
  public void write(long at, byte[] bytes) {
    done("write", request(GuestRequest.WRITE).number(at).bytes(bytes));
  }

  @Override
  public void sync() {
    done("flush", request(GuestRequest.SYNC));
  }

  @Override
  public List<OpenFile.Entry> next() {
    return ask(
        "list",
        request(GuestRequest.LIST),
        reply -> {
          List<OpenFile.Entry> entries = new ArrayList<>();
          while (reply.hasRemaining()) {
            FileStatus is = status(reply);
            entries.add(new OpenFile.Entry(name(reply), is));
          }
          return entries;
        });
  }

  /** A client makes files of these names, so they must be names. */
  private static byte[] name(ByteBuffer from) {
    byte[] name = bytes(from, LONGEST_NAME);
    boolean dots = name.length <= 2;
    for (byte b : name) {
      if (b == 0 || b == '/') {
        throw new IllegalArgumentException("no name");
      }
      dots &= b == '.';
    }
    if (dots) {
      throw new IllegalArgumentException("no name");
    }
    return name;
  }

  @Override
  public void close() {
    tree.close(number, shown);
  }

  @Override
  public String toString() {
    return shown;
  }
}
