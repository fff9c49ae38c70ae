package dev.mica.core;

import dev.mica.text.PathBytes;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * One mount of this process's namespace. Texts are decoded as UTF-8 with U+FFFD for what is not.
 *
 * @param id the kernel's number for it
 * @param parent the number of the mount it lies on
 * @param target where it is: an absolute path
 * @param source the first column of mount(8)
 * @param type the file system's type
 * @param options of its super block, as the kernel prints them
 * @param root what of its file system is mounted: a path from that one's own root
 * @param device the file system's number, as {@code major:minor}
 * @param flags of the mount itself
 *     <p>Texts are those of {@link PathBytes#decode}.
 */
public record Mount(
    int id,
    int parent,
    String target,
    String source,
    String type,
    String options,
    String root,
    String device,
    Set<MountFlag> flags) {
  static final long RECORD_LEN = 0;
  static final long ID = 4;
  static final long PARENT = 8;
  static final long TARGET_LEN = 12;
  static final long FLAGS = 32;
  static final long DEV_MAJOR = 36;
  static final long DEV_MINOR = 40;
  static final long TEXT = 44;

  static List<Mount> all(MemorySegment records) {
    List<Mount> mounts = new ArrayList<>();
    for (long at = 0; at < records.byteSize(); at += integer(records, at + RECORD_LEN)) {
      mounts.add(read(records.asSlice(at)));
    }
    return mounts;
  }

  private static Mount read(MemorySegment record) {
    String[] texts = new String[5];
    long at = TEXT;
    for (int i = 0; i < texts.length; i++) {
      int length = integer(record, TARGET_LEN + (long) i * Integer.BYTES);
      byte[] bytes = record.asSlice(at, length).toArray(ValueLayout.JAVA_BYTE);
      texts[i] = PathBytes.decode(bytes);
      at += length + 1L;
    }
    return new Mount(
        integer(record, ID),
        integer(record, PARENT),
        texts[0],
        texts[1],
        texts[2],
        texts[3],
        texts[4],
        integer(record, DEV_MAJOR) + ":" + integer(record, DEV_MINOR),
        Core.set(MountFlag.class, integer(record, FLAGS)));
  }

  private static int integer(MemorySegment from, long at) {
    return from.get(ValueLayout.JAVA_INT, at);
  }
}
