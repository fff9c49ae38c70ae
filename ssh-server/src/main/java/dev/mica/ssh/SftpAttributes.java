package dev.mica.ssh;

import dev.mica.core.FileChange;
import dev.mica.core.FileStatus;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.apache.sshd.common.util.buffer.Buffer;

/** What a file is, and what is to be changed of it, as SFTP writes that. */
final class SftpAttributes {
  private static final int SIZE = 0x01;
  private static final int OWNER = 0x02;
  private static final int MODE = 0x04;
  private static final int TIMES = 0x08;
  private static final int MORE = 0x8000_0000;

  private static final int PERMISSIONS = 07777;
  private static final long LAST_SECOND = 0xffff_ffffL;

  /** As ls(1) shows them, in the order of the file types' numbers, from 0 to 15. */
  private static final String TYPES = "?pc?d?b?-?l?s???";

  private static final DateTimeFormatter RECENT =
      DateTimeFormatter.ofPattern("MMM dd HH:mm", Locale.ROOT);
  private static final DateTimeFormatter OLD =
      DateTimeFormatter.ofPattern("MMM dd  yyyy", Locale.ROOT);
  private static final int RECENT_DAYS = 182;

  private SftpAttributes() {}

  /** Reads what is to be changed. */
  static FileChange read(Buffer from) {
    int what = from.getInt();
    OptionalLong size = (what & SIZE) == 0 ? OptionalLong.empty() : OptionalLong.of(from.getLong());
    Optional<FileChange.Owner> owner =
        (what & OWNER) == 0
            ? Optional.empty()
            : Optional.of(new FileChange.Owner(from.getInt(), from.getInt()));
    OptionalInt mode =
        (what & MODE) == 0 ? OptionalInt.empty() : OptionalInt.of(from.getInt() & PERMISSIONS);
    Optional<FileChange.Times> times =
        (what & TIMES) == 0
            ? Optional.empty()
            : Optional.of(new FileChange.Times(from.getUInt(), from.getUInt()));
    if ((what & MORE) != 0) {
      for (long left = from.getUInt(); left > 0; left--) {
        byte[] _ = from.getBytes(); // nobody has defined any
        byte[] _ = from.getBytes();
      }
    }
    return new FileChange(size, owner, mode, times);
  }

  /** Writes what a file is. The protocol has seconds from 1970 to 2106. */
  static void write(Buffer to, FileStatus is) {
    to.putInt(SIZE | OWNER | MODE | TIMES);
    to.putLong(is.size());
    to.putInt(is.uid());
    to.putInt(is.gid());
    to.putInt(is.mode());
    to.putUInt(seconds(is.accessed()));
    to.putUInt(seconds(is.modified()));
  }

  private static long seconds(long time) {
    return Math.clamp(time, 0, LAST_SECOND);
  }

  /** The line that {@code ls -l} prints of a file. */
  static byte[] line(byte[] name, FileStatus is) {
    String before =
        String.format(
            Locale.ROOT,
            "%s %4d %-8s %-8s %10d %s ",
            mode(is.mode()),
            is.links(),
            Integer.toUnsignedString(is.uid()),
            Integer.toUnsignedString(is.gid()),
            is.size(),
            time(is.modified()));
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    line.writeBytes(before.getBytes(StandardCharsets.US_ASCII));
    line.writeBytes(name);
    return line.toByteArray();
  }

  private static String mode(int mode) {
    StringBuilder text = new StringBuilder().append(TYPES.charAt(mode >> 12 & 0xf));
    for (int bit = 8; bit >= 0; bit--) {
      text.append((mode >> bit & 1) == 0 ? '-' : "xwr".charAt(bit % 3));
    }
    mark(text, 3, mode & 04000, 's');
    mark(text, 6, mode & 02000, 's');
    mark(text, 9, mode & 01000, 't');
    return text.toString();
  }

  private static void mark(StringBuilder text, int at, int bit, char mark) {
    if (bit != 0) {
      text.setCharAt(at, text.charAt(at) == 'x' ? mark : Character.toUpperCase(mark));
    }
  }

  private static String time(long seconds) {
    ZonedDateTime time = Instant.ofEpochSecond(seconds(seconds)).atZone(ZoneId.systemDefault());
    ZonedDateTime now = ZonedDateTime.now(time.getZone());
    boolean recent = time.isAfter(now.minusDays(RECENT_DAYS)) && !time.isAfter(now.plusDays(1));
    return (recent ? RECENT : OLD).format(time);
  }
}
