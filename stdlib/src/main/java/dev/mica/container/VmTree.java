package dev.mica.container;

import dev.mica.core.FileHandle;
import dev.mica.core.OpenFlag;
import dev.mica.failure.MicaException;
import dev.mica.text.Printable;
import dev.mica.vm.stream.ProcessStream;
import java.nio.ByteBuffer;
import java.util.BitSet;
import java.util.Set;

/**
 * The files of a VM that runs, by a process in its guest that has the container's root open, and
 * from which no path leads out of it: the host's side of {@code docs/files-protocol.md}. One thread
 * at a time may use it. It must be closed.
 */
public final class VmTree implements AutoCloseable {
  /** Of a file, in one request or reply. */
  static final int LONGEST_DATA = 256 << 10;

  private static final int LONGEST_REPLY = LONGEST_DATA + 1024;
  private static final int MOST_OPEN = 320;

  private final ProcessStream stream;
  private final GuestReplies replies;
  private final String vm;
  private final BitSet open = new BitSet();
  private volatile boolean closed;

  /**
   * Of a VM, as long as it runs; to be closed. Fails for who may not run programs in it. It is no
   * word of the language, which has other ways to the files of a VM.
   */
  public static VmTree of(Vm vm) {
    return ((LiveVm) vm).files();
  }

  /** Begins with a process that was started. */
  VmTree(ProcessStream stream, String vm) {
    this.stream = stream;
    this.replies = new GuestReplies(stream);
    this.vm = vm;
  }

  /** Whether its guest still answers, as far as that is known. */
  public boolean isOpen() {
    return !closed && !replies.isOver();
  }

  /** Opens what {@code path} leads to, which is relative to the container's root. */
  public FileHandle open(byte[] path, Set<OpenFlag> how, int mode) {
    String shown = shown(path);
    int number = open.nextClearBit(0);
    if (number >= MOST_OPEN) {
      throw MicaException.failed("open", shown, MOST_OPEN + " files of this VM are open")
          .hint("close some first");
    }
    GuestRequest request =
        request(GuestRequest.OPEN)
            .number(number)
            .bytes(path)
            .number(OpenFlag.bits(how))
            .number(mode);
    ByteBuffer _ = ask("open", shown, request);
    open.set(number);
    return new GuestFile(this, number, shown);
  }

  void close(int number, String shown) {
    open.clear(number);
    if (isOpen()) {
      try {
        ByteBuffer _ = ask("close", shown, request(GuestRequest.CLOSE).number(number));
      } catch (MicaException gone) {
        return; // and the file with it
      }
    }
  }

  /** Makes a directory. */
  public void makeDirectory(byte[] path, int mode) {
    done("make the directory", path, request(GuestRequest.MAKE_DIRECTORY).bytes(path).number(mode));
  }

  /** Makes a symlink with that text. */
  public void makeLink(byte[] path, byte[] text) {
    done("make the symlink", path, request(GuestRequest.MAKE_LINK).bytes(path).bytes(text));
  }

  /** Gives the file {@code from} another name. */
  public void link(byte[] from, byte[] path) {
    done("link", path, request(GuestRequest.LINK).bytes(from).bytes(path));
  }

  /** Renames; what has the new name already is replaced only if {@code replace}. */
  public void rename(byte[] from, byte[] path, boolean replace) {
    done(
        "rename",
        path,
        request(GuestRequest.RENAME).bytes(from).bytes(path).number(replace ? 1 : 0));
  }

  /** Removes an empty directory, or if not {@code directory} anything else. */
  public void remove(byte[] path, boolean directory) {
    done("remove", path, request(GuestRequest.REMOVE).bytes(path).number(directory ? 1 : 0));
  }

  static GuestRequest request(int type) {
    return new GuestRequest(type);
  }

  private void done(String doing, byte[] path, GuestRequest request) {
    ByteBuffer _ = ask(doing, shown(path), request);
  }

  private String shown(byte[] path) {
    String text = Printable.of(path);
    return vm + ":/" + (text.equals(".") ? "" : text);
  }

  /** Sends a request, and waits for what comes behind the code of its reply. */
  ByteBuffer ask(String doing, String shown, GuestRequest request) {
    try {
      byte[] bytes = request.whole();
      if (!stream.input(bytes, 0, bytes.length)) {
        throw gone(doing, shown);
      }
      ByteBuffer reply = ByteBuffer.wrap(reply(doing, shown));
      int code = reply.getInt();
      if (code != 0) {
        throw GuestFailure.of(code, reply, doing, shown);
      }
      return reply;
    } catch (InterruptedException stop) {
      close();
      Thread.currentThread().interrupt();
      throw MicaException.failed(doing, shown, "interrupted").because(stop);
    }
  }

  private byte[] reply(String doing, String shown) throws InterruptedException {
    byte[] head = new byte[Integer.BYTES];
    if (!replies.read(head)) {
      throw gone(doing, shown);
    }
    int length = ByteBuffer.wrap(head).getInt();
    if (length < Integer.BYTES || length > LONGEST_REPLY) {
      throw refused(doing, shown);
    }
    byte[] reply = new byte[length];
    if (!replies.read(reply)) {
      throw gone(doing, shown);
    }
    return reply;
  }

  private MicaException gone(String doing, String shown) {
    close();
    return MicaException.failed(doing, shown, "the VM has ended, or its guest does not serve files")
        .hint("start it with mica vm start " + vm + ", and try again");
  }

  /** The guest has said what nobody may say: nothing more is heard of it here. */
  MicaException refused(String doing, String shown) {
    close();
    return MicaException.failed(doing, shown, "its guest sent what is no part of the protocol");
  }

  /** Its files are closed with it. */
  @Override
  public void close() {
    closed = true;
    replies.close();
    stream.close();
  }
}
