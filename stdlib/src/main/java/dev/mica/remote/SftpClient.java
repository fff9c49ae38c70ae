package dev.mica.remote;

import dev.mica.text.Printable;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The files of another host as its SFTP server shows them, by version 3 of the protocol
 * (draft-ietf-secsh-filexfer-02), which every server speaks. Paths are bytes, absolute or relative
 * to where the server begins. Nothing that the server says is believed: types, lengths, numbers and
 * names are checked.
 *
 * <p>What the server says to be wrong is a {@link java.nio.file.FileSystemException}, after which
 * one can go on; any other {@link IOException} ends it. For one thread at a time.
 */
public final class SftpClient implements AutoCloseable {
  /** How much is asked for at once, in bytes: what all servers take. */
  static final int PIECE = 32 << 10;

  /** How many requests are under way at most, so that the distance does not matter. */
  static final int AHEAD = 32;

  private static final int LONGEST = 1 << 18;
  private static final int VERSION = 3;
  private static final int TIMES = 8;
  private static final int MODE = 4;
  private static final byte[] TIMES_OF_LINKS =
      "lsetstat@openssh.com".getBytes(StandardCharsets.US_ASCII);
  private static final int OPEN_READ = 1;
  private static final int OPEN_NEW = 2 | 8 | 32;

  /** The requests that are made, by their numbers. */
  private enum Ask {
    INIT(1),
    OPEN(3),
    CLOSE(4),
    READ(5),
    WRITE(6),
    LSTAT(7),
    SETSTAT(9),
    OPENDIR(11),
    READDIR(12),
    REMOVE(13),
    MKDIR(14),
    RMDIR(15),
    STAT(17),
    RENAME(18),
    READLINK(19),
    SYMLINK(20),
    EXTENDED(200);

    final int number;

    Ask(int number) {
      this.number = number;
    }
  }

  /** A name in a directory; {@code name} is no path. */
  public static final class Entry {
    private final byte[] name;
    private final RemoteStatus status;

    Entry(byte[] name, RemoteStatus status) {
      this.name = name;
      this.status = status;
    }

    /** The bytes of the name. */
    public byte[] name() {
      return name.clone();
    }

    /** What it names, of a symlink itself. */
    public RemoteStatus status() {
      return status;
    }
  }

  private final InputStream in;
  private final OutputStream out;
  private final Set<Integer> asked = new HashSet<>();
  private final Map<Integer, SftpAnswer> answers = new HashMap<>();
  private int last;
  private boolean timesOfLinks;

  private SftpClient(InputStream in, OutputStream out) {
    this.in = new PumpedInput(in);
    this.out = out;
  }

  /** Over two streams, which stay open. */
  public static SftpClient open(InputStream in, OutputStream out) throws IOException {
    SftpClient client = new SftpClient(in, out);
    client.write(new SftpPacket(Ask.INIT.number, VERSION));
    ByteBuffer answer = client.packet();
    if (answer.get() != 2 || answer.remaining() < Integer.BYTES || answer.getInt() < VERSION) {
      throw new IOException("no SFTP server of version 3 answers");
    }
    SftpAnswer extensions = new SftpAnswer(0, answer);
    while (answer.hasRemaining()) {
      client.timesOfLinks |= Arrays.equals(extensions.string(), TIMES_OF_LINKS);
      byte[] _ = extensions.string();
    }
    return client;
  }

  private ByteBuffer packet() throws IOException {
    int length = ByteBuffer.wrap(bytes(Integer.BYTES)).getInt();
    if (length < 1 + Integer.BYTES || length > LONGEST) {
      throw new IOException("what answers is no SFTP server: it says what none says");
    }
    return ByteBuffer.wrap(bytes(length));
  }

  private byte[] bytes(int length) throws IOException {
    byte[] bytes = in.readNBytes(length);
    if (bytes.length < length) {
      throw new EOFException("the connection was closed");
    }
    return bytes;
  }

  /** Asks for a part of an open file; the number of the request. */
  int askForPart(byte[] handle, long at, int length) throws IOException {
    return send(request(Ask.READ).string(handle).u64(at).u32(length));
  }

  /** Closes it there. */
  void close(byte[] handle, String shown) throws IOException {
    answer(request(Ask.CLOSE).string(handle)).expectOk(shown);
  }

  private SftpPacket request(Ask ask) {
    last++;
    return new SftpPacket(ask.number, last);
  }

  /** Sends the request that was begun last; returns its number. */
  private int send(SftpPacket request) throws IOException {
    write(request);
    asked.add(last);
    return last;
  }

  private void write(SftpPacket request) throws IOException {
    try {
      out.write(request.toBytes());
      out.flush();
    } catch (IOException gone) {
      throw (IOException) new EOFException("the connection was closed").initCause(gone);
    }
  }

  /** The answer to the request of that number. */
  SftpAnswer await(int number) throws IOException {
    while (!answers.containsKey(number)) {
      ByteBuffer packet = packet();
      int type = packet.get() & 0xff;
      int which = packet.getInt();
      if (!asked.remove(which)) {
        throw new IOException("the SFTP server answers what nobody has asked");
      }
      answers.put(which, new SftpAnswer(type, packet));
    }
    return java.util.Objects.requireNonNull(answers.remove(number));
  }

  private SftpAnswer answer(SftpPacket request) throws IOException {
    return await(send(request));
  }

  private void done(byte[] path, SftpPacket request) throws IOException {
    answer(request).expectOk(Printable.of(path));
  }

  /** What is there, following symlinks. */
  public RemoteStatus status(byte[] path) throws IOException {
    return status(Ask.STAT, path);
  }

  /** What is there, of a symlink itself. */
  public RemoteStatus linkStatus(byte[] path) throws IOException {
    return status(Ask.LSTAT, path);
  }

  private RemoteStatus status(Ask ask, byte[] path) throws IOException {
    return answer(request(ask).string(path)).expect(SftpAnswer.ATTRS, Printable.of(path)).status();
  }

  /** The text of a symlink. */
  public byte[] linkText(byte[] path) throws IOException {
    SftpAnswer names =
        answer(request(Ask.READLINK).string(path)).expect(SftpAnswer.NAME, Printable.of(path));
    if (names.u32() != 1) {
      throw new IOException("the SFTP server says more than one text of a symlink");
    }
    return names.string();
  }

  /** What is in a directory, in no order, without {@code .} and {@code ..}. */
  public List<Entry> list(byte[] path) throws IOException {
    String shown = Printable.of(path);
    byte[] handle =
        answer(request(Ask.OPENDIR).string(path)).expect(SftpAnswer.HANDLE, shown).handle();
    List<Entry> entries = new ArrayList<>();
    boolean more = true;
    while (more) {
      SftpAnswer names = answer(request(Ask.READDIR).string(handle));
      more = !names.isEnd(SftpAnswer.NAME, shown);
      int count = more ? names.u32() : 0;
      if (more && count < 1) {
        throw new IOException("the SFTP server goes on without an entry of " + shown);
      }
      for (int left = count; left > 0; left--) {
        byte[] name = names.string();
        byte[] _ = names.string(); // for people
        RemoteStatus status = names.status();
        if (!isItselfOrAbove(name)) {
          entries.add(new Entry(checked(name, shown), status));
        }
      }
    }
    close(handle, shown);
    return entries;
  }

  private static boolean isItselfOrAbove(byte[] name) {
    return name.length > 0 && name.length <= 2 && name[0] == '.' && name[name.length - 1] == '.';
  }

  private static byte[] checked(byte[] name, String directory) throws IOException {
    boolean isName = name.length > 0;
    for (byte b : name) {
      isName &= b != '/' && b != 0;
    }
    if (!isName) {
      throw new IOException(
          "in " + directory + " the server has '" + Printable.of(name) + "', which is no name");
    }
    return name;
  }

  /** The bytes of a file, to be closed before anything else is asked. */
  public InputStream read(byte[] path) throws IOException {
    String shown = Printable.of(path);
    byte[] handle =
        answer(request(Ask.OPEN).string(path).u32(OPEN_READ).u32(0))
            .expect(SftpAnswer.HANDLE, shown)
            .handle();
    return new SftpFile(this, shown, handle);
  }

  /** Makes a file, where nothing may be, of what {@code from} has, which is read to its end. */
  public void write(byte[] path, int mode, InputStream from) throws IOException {
    String shown = Printable.of(path);
    byte[] handle =
        answer(request(Ask.OPEN).string(path).u32(OPEN_NEW).u32(MODE).u32(mode))
            .expect(SftpAnswer.HANDLE, shown)
            .handle();
    Deque<Integer> under = new ArrayDeque<>();
    byte[] piece = new byte[PIECE];
    long at = 0;
    for (int n = from.readNBytes(piece, 0, PIECE); n > 0; n = from.readNBytes(piece, 0, PIECE)) {
      under.add(send(request(Ask.WRITE).string(handle).u64(at).string(piece, n)));
      at += n;
      if (under.size() == AHEAD) {
        await(under.remove()).expectOk(shown);
      }
    }
    while (!under.isEmpty()) {
      await(under.remove()).expectOk(shown);
    }
    close(handle, shown);
  }

  /** Makes a directory. */
  public void makeDirectory(byte[] path, int mode) throws IOException {
    done(path, request(Ask.MKDIR).string(path).u32(MODE).u32(mode));
  }

  /** Makes a symlink with that text. */
  public void makeLink(byte[] path, byte[] text) throws IOException {
    // In the order of OpenSSH, which all servers follow, and not of the draft.
    done(path, request(Ask.SYMLINK).string(text).string(path));
  }

  /** Sets the permission bits and the time of modification, in seconds since 1970. */
  public void describe(byte[] path, int mode, long modified) throws IOException {
    int time = time(modified);
    done(path, request(Ask.SETSTAT).string(path).u32(MODE | TIMES).u32(mode).u32(time).u32(time));
  }

  /** Sets the time of a symlink itself, where the server can do that. */
  public void describeLink(byte[] path, long modified) throws IOException {
    if (timesOfLinks) {
      int time = time(modified);
      done(
          path,
          request(Ask.EXTENDED).string(TIMES_OF_LINKS).string(path).u32(TIMES).u32(time).u32(time));
    }
  }

  private static int time(long modified) {
    return (int) Math.clamp(modified, 0, 0xffff_ffffL);
  }

  /** Renames; fails if something has that name already. */
  public void rename(byte[] from, byte[] to) throws IOException {
    done(to, request(Ask.RENAME).string(from).string(to));
  }

  /** Removes a file or a symlink. */
  public void remove(byte[] path) throws IOException {
    done(path, request(Ask.REMOVE).string(path));
  }

  /** Removes an empty directory. */
  public void removeDirectory(byte[] path) throws IOException {
    done(path, request(Ask.RMDIR).string(path));
  }

  /** Ends the thread that reads; the streams stay open. */
  @Override
  public void close() throws IOException {
    in.close();
  }
}
