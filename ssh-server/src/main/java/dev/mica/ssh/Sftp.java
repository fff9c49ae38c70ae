package dev.mica.ssh;

import dev.mica.Mica;
import dev.mica.core.FileStatus;
import dev.mica.core.OpenFile;
import dev.mica.core.OpenFlag;
import dev.mica.failure.MicaException;
import dev.mica.files.FileProblem;
import dev.mica.files.VirtualFile;
import dev.mica.files.VirtualNames;
import dev.mica.files.VirtualRoot;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.apache.sshd.common.util.buffer.Buffer;
import org.apache.sshd.common.util.buffer.BufferException;
import org.apache.sshd.common.util.buffer.ByteArrayBuffer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers the requests of an SFTP client, one after the other: version 3 of the protocol
 * (draft-ietf-secsh-filexfer-02) with extensions of OpenSSH, which is what clients have.
 */
final class Sftp {
  /** No packet is longer, and of a packet for data this much is left for the data. */
  static final int LONGEST_PACKET = 256 << 10;

  static final int LONGEST_DATA = LONGEST_PACKET - 1024;

  private static final Logger LOG = LoggerFactory.getLogger(Sftp.class);
  private static final int VERSION = 3;

  private static final int OPEN_READ = 0x01;
  private static final int OPEN_WRITE = 0x02;
  private static final int OPEN_APPEND = 0x04;
  private static final int OPEN_CREATE = 0x08;
  private static final int OPEN_TRUNCATE = 0x10;
  private static final int OPEN_EXCLUSIVE = 0x20;

  private static final int FILE_MODE = 0666;
  private static final int DIRECTORY_MODE = 0777;

  private final VirtualRoot root;
  private final SftpHandles handles;
  private final SftpExtensions extensions;
  private final DataInputStream in;
  private final OutputStream out;

  private Sftp(VirtualRoot root, SftpHandles handles, InputStream in, OutputStream out) {
    this.root = root;
    this.handles = handles;
    this.extensions = new SftpExtensions(root, handles);
    this.in = new DataInputStream(in);
    this.out = out;
  }

  /** Serves a channel until the client ends it; a {@link Receiver}. */
  static int serve(Visit visit) throws IOException {
    visit.onLeave(Thread.currentThread()::interrupt);
    Mica mica = visit.mica();
    try (VirtualRoot root =
            new VirtualRoot(mica.caller(), mica.unions(), mica.commits(), mica.vms(), mica.home());
        SftpHandles handles = new SftpHandles()) {
      new Sftp(root, handles, visit.in(), visit.out()).run();
    }
    return 0;
  }

  private void run() throws IOException {
    Buffer first = packet();
    if (first == null || first.getUByte() != SftpReply.INIT) {
      return;
    }
    send(SftpExtensions.version(VERSION));
    for (Buffer request = packet(); request != null; request = packet()) {
      send(answer(request));
    }
  }

  /** The next packet without its length; null at the end, and if it is no packet. */
  private @Nullable Buffer packet() throws IOException {
    try {
      int length = in.readInt();
      if (length < 1 || length > LONGEST_PACKET) {
        LOG.info("a client of SFTP has sent a packet of {} bytes", length);
        return null;
      }
      byte[] packet = new byte[length];
      in.readFully(packet);
      return new ByteArrayBuffer(packet);
    } catch (EOFException over) {
      return null;
    }
  }

  private void send(Buffer reply) throws IOException {
    out.write(SftpReply.bytes(reply));
    out.flush();
  }

  /** A request that fails is answered by why, and changes nothing but what it says. */
  private Buffer answer(Buffer request) {
    int id = 0;
    try {
      int type = request.getUByte();
      id = request.getInt();
      return answer(type, id, request);
    } catch (MicaException failure) {
      LOG.debug("a request of SFTP has failed", failure);
      return SftpReply.status(id, code(failure), String.valueOf(failure.getMessage()));
    } catch (BufferException malformed) {
      return SftpReply.status(id, SftpReply.BAD_MESSAGE, "the request is malformed");
    } catch (RuntimeException wrong) {
      LOG.error("a request of SFTP has failed", wrong);
      return SftpReply.status(id, SftpReply.FAILURE, "the request has failed");
    }
  }

  private static int code(MicaException failure) {
    return switch (FileProblem.of(failure)) {
      case ABSENT -> SftpReply.NO_SUCH_FILE;
      case DENIED -> SftpReply.PERMISSION_DENIED;
      case UNSUPPORTED -> SftpReply.UNSUPPORTED;
      case OTHER -> SftpReply.FAILURE;
    };
  }

  private Buffer answer(int type, int id, Buffer request) {
    return switch (type) {
      case SftpRequest.OPEN -> open(id, request);
      case SftpRequest.CLOSE -> done(id, () -> handles.close(request.getBytes()));
      case SftpRequest.READ -> read(id, request);
      case SftpRequest.WRITE -> done(id, () -> write(request));
      case SftpRequest.LSTAT -> SftpReply.attributes(id, root.status(request.getBytes(), false));
      case SftpRequest.STAT -> SftpReply.attributes(id, root.status(request.getBytes(), true));
      case SftpRequest.FSTAT -> SftpReply.attributes(id, handles.file(request.getBytes()).status());
      case SftpRequest.SETSTAT ->
          done(id, () -> root.change(request.getBytes(), true, SftpAttributes.read(request)));
      case SftpRequest.FSETSTAT -> {
        VirtualFile file = handles.file(request.getBytes());
        yield done(id, () -> file.change(SftpAttributes.read(request)));
      }
      case SftpRequest.OPENDIR ->
          SftpReply.handle(id, handles.add(() -> root.list(request.getBytes())));
      case SftpRequest.READDIR -> names(id, handles.names(request.getBytes()));
      case SftpRequest.REMOVE -> done(id, () -> root.remove(request.getBytes(), false));
      case SftpRequest.RMDIR -> done(id, () -> root.remove(request.getBytes(), true));
      case SftpRequest.MKDIR -> {
        byte[] path = request.getBytes();
        int mode = SftpAttributes.read(request).mode().orElse(DIRECTORY_MODE) & DIRECTORY_MODE;
        yield done(id, () -> root.makeDirectory(path, mode));
      }
      case SftpRequest.REALPATH -> SftpReply.name(id, root.absolute(request.getBytes()));
      case SftpRequest.READLINK -> SftpReply.name(id, root.linkText(request.getBytes()));
      case SftpRequest.RENAME -> {
        byte[] from = request.getBytes();
        yield done(id, () -> root.rename(from, request.getBytes(), false));
      }
      case SftpRequest.SYMLINK -> {
        byte[] text = request.getBytes(); // OpenSSH's order, not the draft's
        yield done(id, () -> root.makeLink(request.getBytes(), text));
      }
      case SftpRequest.EXTENDED -> extensions.answer(id, request);
      default -> SftpReply.status(id, SftpReply.UNSUPPORTED, "there is no such request");
    };
  }

  static Buffer done(int id, Runnable work) {
    work.run();
    return SftpReply.status(id, SftpReply.OK, "");
  }

  private Buffer open(int id, Buffer request) {
    byte[] path = request.getBytes();
    Set<OpenFlag> flags = flags(request.getInt());
    int mode = SftpAttributes.read(request).mode().orElse(FILE_MODE) & DIRECTORY_MODE;
    return SftpReply.handle(id, handles.add(() -> root.open(path, flags, mode)));
  }

  private static Set<OpenFlag> flags(int bits) {
    EnumSet<OpenFlag> flags = EnumSet.noneOf(OpenFlag.class);
    add(flags, bits, OPEN_READ, OpenFlag.READ);
    add(flags, bits, OPEN_WRITE, OpenFlag.WRITE);
    add(flags, bits, OPEN_APPEND, OpenFlag.APPEND);
    add(flags, bits, OPEN_CREATE, OpenFlag.CREATE);
    add(flags, bits, OPEN_TRUNCATE, OpenFlag.TRUNCATE);
    add(flags, bits, OPEN_EXCLUSIVE, OpenFlag.EXCLUSIVE);
    return flags;
  }

  private static void add(Set<OpenFlag> flags, int bits, int bit, OpenFlag flag) {
    if ((bits & bit) != 0) {
      flags.add(flag);
    }
  }

  private Buffer read(int id, Buffer request) {
    VirtualFile file = handles.file(request.getBytes());
    long at = request.getLong();
    long most = request.getUInt();
    byte[] data = file.read(at, (int) Math.min(most, LONGEST_DATA));
    return data.length == 0 && most > 0
        ? SftpReply.status(id, SftpReply.END, "there is no more")
        : SftpReply.data(id, data);
  }

  private void write(Buffer request) {
    VirtualFile file = handles.file(request.getBytes());
    long at = request.getLong();
    file.write(at, request.getBytes());
  }

  private static Buffer names(int id, VirtualNames names) {
    List<OpenFile.Entry> next = names.next();
    if (next.isEmpty()) {
      return SftpReply.status(id, SftpReply.END, "there are no more");
    }
    Buffer reply = SftpReply.of(SftpReply.NAME, id);
    reply.putInt(next.size());
    for (OpenFile.Entry entry : next) {
      FileStatus is = entry.status();
      reply.putBytes(entry.name());
      reply.putBytes(SftpAttributes.line(entry.name(), is));
      SftpAttributes.write(reply, is);
    }
    return reply;
  }
}
