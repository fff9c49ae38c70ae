package dev.mica.ssh;

import dev.mica.core.FileSpace;
import dev.mica.failure.MicaException;
import dev.mica.files.VirtualFile;
import dev.mica.files.VirtualRoot;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.apache.sshd.common.util.buffer.Buffer;

/** What OpenSSH has added to SFTP (its PROTOCOL, section 4). */
final class SftpExtensions {
  private static final String AT = "@openssh.com";

  /** Each with the version that the client is told. */
  private static final List<String> OFFERED =
      List.of(
          "posix-rename@openssh.com=1",
          "statvfs@openssh.com=2",
          "fstatvfs@openssh.com=2",
          "hardlink@openssh.com=1",
          "fsync@openssh.com=1",
          "lsetstat@openssh.com=1",
          "limits@openssh.com=1",
          "expand-path@openssh.com=1",
          "copy-data=1");

  /** Read-only, and no set-user-ID programs; the protocol has no other flags. */
  private static final int SPACE_FLAGS = 3;

  private final VirtualRoot root;
  private final SftpHandles handles;

  SftpExtensions(VirtualRoot root, SftpHandles handles) {
    this.root = root;
    this.handles = handles;
  }

  /** The first reply, which names them. */
  static Buffer version(int version) {
    Buffer reply = SftpReply.ofType(SftpReply.VERSION);
    reply.putInt(version);
    for (String offered : OFFERED) {
      int split = offered.indexOf('=');
      reply.putBytes(offered.substring(0, split).getBytes(StandardCharsets.US_ASCII));
      reply.putBytes(offered.substring(split + 1).getBytes(StandardCharsets.US_ASCII));
    }
    return reply;
  }

  Buffer answer(int id, Buffer request) {
    String name = new String(request.getBytes(), StandardCharsets.US_ASCII);
    return switch (name) {
      case "posix-rename" + AT -> {
        byte[] from = request.getBytes();
        yield Sftp.done(id, () -> root.rename(from, request.getBytes(), true));
      }
      case "hardlink" + AT -> {
        byte[] from = request.getBytes();
        yield Sftp.done(id, () -> root.link(from, request.getBytes()));
      }
      case "lsetstat" + AT ->
          Sftp.done(id, () -> root.change(request.getBytes(), false, SftpAttributes.read(request)));
      case "fsync" + AT -> Sftp.done(id, handles.file(request.getBytes())::sync);
      case "statvfs" + AT -> space(id, root.space(request.getBytes()));
      case "fstatvfs" + AT -> space(id, handles.file(request.getBytes()).space());
      case "limits" + AT -> limits(id);
      case "expand-path" + AT -> SftpReply.name(id, root.absolute(expand(request.getBytes())));
      case "copy-data" -> Sftp.done(id, () -> copy(request));
      default -> SftpReply.status(id, SftpReply.UNSUPPORTED, "there is no such extension");
    };
  }

  /** Relative paths begin at home. */
  private static byte[] expand(byte[] path) {
    boolean home = path.length > 0 && path[0] == '~' && (path.length == 1 || path[1] == '/');
    return home && path.length == 1
        ? new byte[] {'.'}
        : home ? Arrays.copyOfRange(path, 2, path.length) : path;
  }

  private static Buffer space(int id, FileSpace space) {
    Buffer reply = SftpReply.of(SftpReply.EXTENDED, id);
    for (long field :
        new long[] {
          space.block(),
          space.block(),
          space.blocks(),
          space.free(),
          space.available(),
          space.files(),
          space.filesFree(),
          space.filesFree(),
          space.id(),
          space.flags() & SPACE_FLAGS,
          space.nameMax()
        }) {
      reply.putLong(field);
    }
    return reply;
  }

  private static Buffer limits(int id) {
    Buffer reply = SftpReply.of(SftpReply.EXTENDED, id);
    reply.putLong(Sftp.LONGEST_PACKET);
    reply.putLong(Sftp.LONGEST_DATA);
    reply.putLong(Sftp.LONGEST_DATA);
    reply.putLong(SftpHandles.MOST);
    return reply;
  }

  private void copy(Buffer request) {
    VirtualFile from = handles.file(request.getBytes());
    long at = request.getLong();
    long length = request.getLong();
    VirtualFile to = handles.file(request.getBytes());
    long toAt = request.getLong();
    if (from == to) {
      throw MicaException.usage("copy", "a file", "both handles are the same one");
    }
    // Of what is appended meanwhile nothing: both may be the same file, which would have no end.
    long end = from.status().size();
    long most = at < 0 || at > end ? 0 : end - at;
    long left = length <= 0 ? most : Math.min(length, most); // negative: above 2^63
    long done = 0;
    for (long got = 1; got > 0 && left > 0; left -= got, done += got) {
      if (Thread.currentThread().isInterrupted()) {
        throw MicaException.failed("copy", "a file", "the channel is being closed");
      }
      got = from.copyTo(to, at + done, left, toAt + done);
    }
  }
}
