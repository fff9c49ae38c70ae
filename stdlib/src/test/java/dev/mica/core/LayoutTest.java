package dev.mica.core;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The C compiler says where each field lies; our offsets must agree. */
@SuppressWarnings("EnumOrdinal") // the constants stand in the header's order
class LayoutTest {
  private static final Map<String, Long> OURS = new LinkedHashMap<>();

  static {
    OURS.put("MICA_ABI", (long) Library.ABI);
    OURS.put("offsetof(struct mica_error, code)", Failure.CODE);
    OURS.put("offsetof(struct mica_error, path_len)", Failure.PATH_LEN);
    OURS.put("offsetof(struct mica_error, step)", Failure.STEP);
    OURS.put("offsetof(struct mica_error, path)", Failure.PATH);
    OURS.put("offsetof(struct mica_error, note)", Failure.NOTE);
    OURS.put("sizeof(struct mica_error)", Failure.SIZE);
    OURS.put("offsetof(struct mica_job, cancel)", Job.CANCEL);
    OURS.put("offsetof(struct mica_job, threads)", Job.THREADS);
    OURS.put("offsetof(struct mica_job, entries)", Job.ENTRIES);
    OURS.put("offsetof(struct mica_job, bytes)", Job.BYTES);
    OURS.put("offsetof(struct mica_job, unkept)", Job.UNKEPT);
    OURS.put("offsetof(struct mica_job, unkept_flags)", Job.UNKEPT_FLAGS);
    OURS.put("sizeof(struct mica_job)", Job.SIZE);
    OURS.put("offsetof(struct mica_tree, layers)", Call.TREE_LAYERS);
    OURS.put("offsetof(struct mica_tree, count)", Call.TREE_COUNT);
    OURS.put("offsetof(struct mica_tree, kind)", Call.TREE_KIND);
    OURS.put("offsetof(struct mica_tree, flags)", Call.TREE_FLAGS);
    OURS.put("sizeof(struct mica_tree)", Call.TREE_SIZE);
    OURS.put("offsetof(struct mica_change, record_len)", DiffReader.RECORD_LEN);
    OURS.put("offsetof(struct mica_change, path_len)", DiffReader.PATH_LEN);
    OURS.put("offsetof(struct mica_change, what)", DiffReader.WHAT);
    OURS.put("offsetof(struct mica_change, kind)", DiffReader.KIND);
    OURS.put("offsetof(struct mica_change, type_a)", DiffReader.TYPE_A);
    OURS.put("offsetof(struct mica_change, type_b)", DiffReader.TYPE_B);
    OURS.put("offsetof(struct mica_change, size_a)", DiffReader.SIZE_A);
    OURS.put("offsetof(struct mica_change, size_b)", DiffReader.SIZE_B);
    OURS.put("offsetof(struct mica_change, mode_b)", DiffReader.MODE_B);
    OURS.put("offsetof(struct mica_change, mtime_b)", DiffReader.MTIME_B);
    OURS.put("offsetof(struct mica_change, mtime_nsec_b)", DiffReader.NSEC_B);
    OURS.put("offsetof(struct mica_change, path)", DiffReader.PATH);
    OURS.put("MICA_MANIFEST_VERSION", (long) TreeDigest.VERSION);
    OURS.put("offsetof(struct mica_totals, entries)", TreeTotals.ENTRIES);
    OURS.put("offsetof(struct mica_totals, bytes)", TreeTotals.BYTES);
    OURS.put("sizeof(struct mica_totals)", TreeTotals.SIZE);
    OURS.put("offsetof(struct mica_tar, diff_id)", LayerTar.DIFF_ID);
    OURS.put("offsetof(struct mica_tar, digest)", LayerTar.DIGEST);
    OURS.put("offsetof(struct mica_tar, bytes)", LayerTar.BYTES);
    OURS.put("offsetof(struct mica_tar, packed)", LayerTar.PACKED);
    OURS.put("offsetof(struct mica_tar, entries)", LayerTar.ENTRIES);
    OURS.put("offsetof(struct mica_tar, compression)", LayerTar.COMPRESSION);
    OURS.put("sizeof(struct mica_tar)", LayerTar.SIZE);
    OURS.put("offsetof(struct mica_tar_limits, bytes)", TarLimits.BYTES);
    OURS.put("offsetof(struct mica_tar_limits, entries)", TarLimits.ENTRIES);
    OURS.put("offsetof(struct mica_tar_limits, path)", TarLimits.PATH);
    OURS.put("offsetof(struct mica_tar_limits, depth)", TarLimits.DEPTH);
    OURS.put("sizeof(struct mica_tar_limits)", TarLimits.SIZE);
    OURS.put("offsetof(struct mica_remark, record_len)", Remark.RECORD_LEN);
    OURS.put("offsetof(struct mica_remark, what)", Remark.WHAT);
    OURS.put("offsetof(struct mica_remark, path_len)", Remark.PATH_LEN);
    OURS.put("offsetof(struct mica_remark, detail_len)", Remark.DETAIL_LEN);
    OURS.put("offsetof(struct mica_remark, text)", Remark.TEXT);
    OURS.put("offsetof(struct mica_remarks, records)", Remark.RECORDS);
    OURS.put("offsetof(struct mica_remarks, len)", Remark.LEN);
    OURS.put("sizeof(struct mica_remarks)", Remark.LIST_SIZE);
    for (Compression compression : Compression.values()) {
      OURS.put("MICA_TAR_" + compression, (long) compression.ordinal());
    }
    for (Remark.What what : Remark.What.values()) {
      OURS.put("MICA_REMARK_" + what, what.ordinal() + 1L);
    }
    OURS.put("offsetof(struct mica_overlay, lowers)", OverlayMount.LOWERS);
    OURS.put("offsetof(struct mica_overlay, lower_count)", OverlayMount.LOWER_COUNT);
    OURS.put("offsetof(struct mica_overlay, flags)", OverlayMount.FLAGS);
    OURS.put("offsetof(struct mica_overlay, upper)", OverlayMount.UPPER);
    OURS.put("offsetof(struct mica_overlay, work)", OverlayMount.WORK);
    OURS.put("offsetof(struct mica_overlay, target)", OverlayMount.TARGET);
    OURS.put("offsetof(struct mica_overlay, source)", OverlayMount.SOURCE);
    OURS.put("sizeof(struct mica_overlay)", OverlayMount.SIZE);
    OURS.put("offsetof(struct mica_identity, dev)", Identity.DEV);
    OURS.put("offsetof(struct mica_identity, ino)", Identity.INO);
    OURS.put("offsetof(struct mica_identity, born)", Identity.BORN);
    OURS.put("offsetof(struct mica_identity, born_nsec)", Identity.BORN_NSEC);
    OURS.put("offsetof(struct mica_identity, type)", Identity.TYPE);
    OURS.put("offsetof(struct mica_identity, uid)", Identity.UID);
    OURS.put("offsetof(struct mica_identity, mode)", Identity.MODE);
    OURS.put("offsetof(struct mica_identity, handle_type)", Identity.HANDLE_TYPE);
    OURS.put("offsetof(struct mica_identity, handle_len)", Identity.HANDLE_LEN);
    OURS.put("offsetof(struct mica_identity, handle)", Identity.HANDLE);
    OURS.put("sizeof(struct mica_identity)", Identity.SIZE);
    OURS.put("offsetof(struct mica_stat, size)", FileStatus.FILE_SIZE);
    OURS.put("offsetof(struct mica_stat, atime)", FileStatus.ATIME);
    OURS.put("offsetof(struct mica_stat, mtime)", FileStatus.MTIME);
    OURS.put("offsetof(struct mica_stat, mode)", FileStatus.MODE);
    OURS.put("offsetof(struct mica_stat, uid)", FileStatus.UID);
    OURS.put("offsetof(struct mica_stat, gid)", FileStatus.GID);
    OURS.put("offsetof(struct mica_stat, nlink)", FileStatus.NLINK);
    OURS.put("sizeof(struct mica_stat)", FileStatus.SIZE);
    OURS.put("offsetof(struct mica_set, size)", FileChange.NEW_SIZE);
    OURS.put("offsetof(struct mica_set, atime)", FileChange.ATIME);
    OURS.put("offsetof(struct mica_set, mtime)", FileChange.MTIME);
    OURS.put("offsetof(struct mica_set, what)", FileChange.WHAT);
    OURS.put("offsetof(struct mica_set, uid)", FileChange.UID);
    OURS.put("offsetof(struct mica_set, gid)", FileChange.GID);
    OURS.put("offsetof(struct mica_set, mode)", FileChange.MODE);
    OURS.put("sizeof(struct mica_set)", FileChange.SIZE);
    String[] space = {
      "block", "blocks", "free", "available", "files", "files_free", "id", "flags", "name_max"
    };
    for (int i = 0; i < space.length; i++) {
      OURS.put("offsetof(struct mica_space, " + space[i] + ")", (long) i * Long.BYTES);
    }
    OURS.put("sizeof(struct mica_space)", FileSpace.SIZE);
    OURS.put("offsetof(struct mica_name, record_len)", OpenFile.NAME_RECORD_LEN);
    OURS.put("offsetof(struct mica_name, name_len)", OpenFile.NAME_LEN);
    OURS.put("offsetof(struct mica_name, name)", OpenFile.NAME);
    OURS.put("MICA_LIST_ROOM", (long) OpenFile.LIST_ROOM);
    bits("MICA_OPEN_", OpenFlag.values());
    bits("MICA_SET_", FileChange.What.values());
    OURS.put("offsetof(struct mica_rotation, lowers)", Rotation.LOWERS);
    OURS.put("offsetof(struct mica_rotation, lower_count)", Rotation.LOWER_COUNT);
    OURS.put("offsetof(struct mica_rotation, id)", Rotation.ID);
    OURS.put("offsetof(struct mica_rotation, target)", Rotation.TARGET);
    OURS.put("offsetof(struct mica_rotation, upper)", Rotation.UPPER);
    OURS.put("offsetof(struct mica_rotation, layer)", Rotation.LAYER);
    OURS.put("offsetof(struct mica_rotation, work)", Rotation.WORK);
    OURS.put("offsetof(struct mica_rotation, trial)", Rotation.TRIAL);
    OURS.put("offsetof(struct mica_rotation, source)", Rotation.SOURCE);
    OURS.put("offsetof(struct mica_rotation, upper_fd)", Rotation.UPPER_FD);
    OURS.put("offsetof(struct mica_rotation, flags)", Rotation.FLAGS);
    OURS.put("sizeof(struct mica_rotation)", Rotation.SIZE);
    OURS.put("MICA_ROTATE_DRAIN", (long) Rotation.DRAIN);
    OURS.put("offsetof(struct mica_mount, record_len)", Mount.RECORD_LEN);
    OURS.put("offsetof(struct mica_mount, id)", Mount.ID);
    OURS.put("offsetof(struct mica_mount, parent)", Mount.PARENT);
    OURS.put("offsetof(struct mica_mount, target_len)", Mount.TARGET_LEN);
    OURS.put("offsetof(struct mica_mount, source_len)", Mount.TARGET_LEN + 4);
    OURS.put("offsetof(struct mica_mount, type_len)", Mount.TARGET_LEN + 8);
    OURS.put("offsetof(struct mica_mount, options_len)", Mount.TARGET_LEN + 12);
    OURS.put("offsetof(struct mica_mount, root_len)", Mount.TARGET_LEN + 16);
    OURS.put("offsetof(struct mica_mount, flags)", Mount.FLAGS);
    OURS.put("offsetof(struct mica_mount, dev_major)", Mount.DEV_MAJOR);
    OURS.put("offsetof(struct mica_mount, dev_minor)", Mount.DEV_MINOR);
    OURS.put("offsetof(struct mica_mount, text)", Mount.TEXT);
    bits("MICA_MOUNT_", MountFlag.values());
    bits("MICA_CAN_", Capability.values());
    OURS.put("MICA_MOST_LOWERS", (long) OverlayMount.MOST_LOWERS);
    OURS.put("MICA_REFLINK_ONLY", (long) Core.bits(Set.of(LayerFlag.REFLINK_ONLY)));
    OURS.put("MICA_LAYER_USERXATTR", (long) Core.bits(Set.of(LayerFlag.USERXATTR)));
    OURS.put("MICA_SYNC", (long) Core.bits(Set.of(LayerFlag.SYNC)));
    OURS.put("MICA_COPY_UNSTABLE", (long) Core.bits(Set.of(LayerFlag.COPY_UNSTABLE)));
    OURS.put("MICA_OWN", (long) Core.bits(Set.of(LayerFlag.OWN)));
    OURS.put("EMSGSIZE", DiffReader.EMSGSIZE);
    for (Errno errno : Errno.values()) {
      if (errno != Errno.OTHER) {
        OURS.put(errno.name(), (long) errno.code());
      }
    }
  }

  private static <E extends Enum<E>> void bits(String prefix, E[] constants) {
    for (E constant : constants) {
      OURS.put(prefix + constant.name(), (long) Core.bits(Set.of(constant)));
    }
  }

  @Test
  void ourOffsetsAreThoseOfTheHeader(@TempDir Path scratch)
      throws IOException, InterruptedException {
    assertThat(theirs(scratch)).isEqualTo(OURS);
  }

  private static Map<String, Long> theirs(Path scratch) throws IOException, InterruptedException {
    String lines =
        OURS.keySet().stream()
            .map(what -> "printf(\"%s=%ld\\n\", \"" + what + "\", (long)(" + what + "));\n")
            .collect(Collectors.joining());
    Path source = scratch.resolve("layout.c");
    Files.writeString(
        source,
        "#include <errno.h>\n#include <stddef.h>\n#include <stdio.h>\n#include \"mica.h\"\n"
            + "int main(void) {\n"
            + lines
            + "return 0; }\n");
    Path program = scratch.resolve("layout");
    String header = System.getProperty("mica.root") + "/stdlib/src/main/c/core";
    run("cc", "-I" + header, "-o", program.toString(), source.toString());
    return run(program.toString())
        .lines()
        .collect(
            Collectors.toMap(
                line -> line.substring(0, line.indexOf('=')),
                line -> Long.parseLong(line.substring(line.indexOf('=') + 1))));
  }

  private static String run(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
    return output;
  }
}
