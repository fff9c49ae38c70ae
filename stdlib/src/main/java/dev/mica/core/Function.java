package dev.mica.core;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.invoke.MethodHandle;
import org.jspecify.annotations.Nullable;

/**
 * The import table: each function with its C name, what it returns and what it takes.
 *
 * <p>Linked one by one at first use: a handle costs about 7 ms, and a command needs two or three.
 * Never {@code critical}: these calls block in the kernel.
 */
// This is the package that may; a handle is linked late, and then stays.
@SuppressWarnings({"restricted", "ImmutableEnumChecker"})
enum Function {
  ABI("mica_abi", JAVA_INT),
  DIFF_OPEN("mica_diff_open", JAVA_INT, ADDRESS, ADDRESS, ADDRESS, JAVA_INT, ADDRESS, ADDRESS),
  DIFF_READ("mica_diff_read", JAVA_LONG, ADDRESS, ADDRESS, JAVA_LONG, ADDRESS),
  DIFF_CLOSE("mica_diff_close", null, ADDRESS),
  CAPTURE("mica_capture", JAVA_INT, ADDRESS, ADDRESS, ADDRESS, JAVA_INT, ADDRESS, ADDRESS),
  COPY("mica_copy", JAVA_INT, ADDRESS, ADDRESS, JAVA_INT, ADDRESS, ADDRESS),
  COPY_DATA("mica_copy_data", JAVA_INT, ADDRESS, ADDRESS, ADDRESS),
  APPLY("mica_apply", JAVA_INT, ADDRESS, ADDRESS, JAVA_INT, ADDRESS, ADDRESS),
  TAR_WRITE(
      "mica_tar_write",
      JAVA_INT,
      ADDRESS,
      ADDRESS,
      JAVA_INT,
      JAVA_INT,
      JAVA_INT,
      ADDRESS,
      ADDRESS,
      ADDRESS,
      ADDRESS),
  TAR_WRITE_ENTRY(
      "mica_tar_write_entry",
      JAVA_INT,
      ADDRESS,
      ADDRESS,
      ADDRESS,
      JAVA_INT,
      ADDRESS,
      ADDRESS,
      ADDRESS,
      ADDRESS),
  TAR_READ(
      "mica_tar_read",
      JAVA_INT,
      ADDRESS,
      JAVA_INT,
      ADDRESS,
      ADDRESS,
      JAVA_INT,
      ADDRESS,
      ADDRESS,
      ADDRESS,
      ADDRESS),
  RECEIVE_LAYER(
      "mica_receive_layer",
      JAVA_INT,
      ADDRESS,
      JAVA_INT,
      ADDRESS,
      ADDRESS,
      ADDRESS,
      JAVA_INT,
      ADDRESS,
      ADDRESS,
      ADDRESS),
  REMARKS_FREE("mica_remarks_free", null, ADDRESS),
  REMOVE("mica_remove", JAVA_INT, ADDRESS, ADDRESS, ADDRESS),
  DISCARD("mica_discard", JAVA_INT, ADDRESS, ADDRESS, ADDRESS),
  PROTECT_LAYER("mica_protect_layer", JAVA_INT, ADDRESS, JAVA_INT, ADDRESS, ADDRESS, ADDRESS),
  UNPROTECT_LAYER("mica_unprotect_layer", JAVA_INT, ADDRESS, JAVA_INT, ADDRESS, ADDRESS),
  MAKE_DIRECTORY_LIKE("mica_make_directory_like", JAVA_INT, ADDRESS, ADDRESS, ADDRESS),
  MAKE_UPPER("mica_make_upper", JAVA_INT, ADDRESS, ADDRESS, JAVA_INT, ADDRESS),
  SET_MTIME("mica_set_mtime", JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT, ADDRESS),
  OPEN_DIRECTORY("mica_open_directory", JAVA_INT, ADDRESS, ADDRESS, ADDRESS),
  CLOSE_DIRECTORY("mica_close_directory", null, JAVA_INT),
  BELOW_OPEN("mica_below_open", JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT, ADDRESS),
  BELOW_MAKE_DIRECTORY("mica_below_make_directory", JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, ADDRESS),
  BELOW_MAKE_LINK("mica_below_make_link", JAVA_INT, JAVA_INT, ADDRESS, ADDRESS, ADDRESS),
  BELOW_LINK("mica_below_link", JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, ADDRESS, ADDRESS),
  BELOW_RENAME(
      "mica_below_rename", JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, ADDRESS, JAVA_INT, ADDRESS),
  BELOW_REMOVE("mica_below_remove", JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, ADDRESS),
  FILE_STAT("mica_file_stat", JAVA_INT, JAVA_INT, ADDRESS, ADDRESS),
  FILE_SET("mica_file_set", JAVA_INT, JAVA_INT, ADDRESS, ADDRESS),
  FILE_SPACE("mica_file_space", JAVA_INT, JAVA_INT, ADDRESS, ADDRESS),
  FILE_LINK("mica_file_link", JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, ADDRESS),
  FILE_READ("mica_file_read", JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_LONG, ADDRESS),
  FILE_WRITE("mica_file_write", JAVA_INT, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_LONG, ADDRESS),
  FILE_SYNC("mica_file_sync", JAVA_INT, JAVA_INT, ADDRESS),
  FILE_COPY(
      "mica_file_copy", JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_LONG, ADDRESS),
  FILE_LIST("mica_file_list", JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, ADDRESS),
  SYNC_DIRECTORY("mica_sync_directory", JAVA_INT, ADDRESS, ADDRESS),
  SYNC("mica_sync", JAVA_INT, ADDRESS, ADDRESS),
  EXCHANGE("mica_exchange", JAVA_INT, ADDRESS, ADDRESS, ADDRESS),
  FREEZE("mica_freeze", JAVA_INT, ADDRESS, JAVA_INT, ADDRESS),
  MANIFEST("mica_manifest", JAVA_INT, ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS),
  OVERLAY_MOUNT("mica_overlay_mount", JAVA_INT, ADDRESS, ADDRESS),
  OVERLAY_OPEN("mica_overlay_open", JAVA_INT, ADDRESS, ADDRESS, ADDRESS),
  BIND_MOUNT("mica_bind_mount", JAVA_INT, ADDRESS, ADDRESS, JAVA_INT, ADDRESS),
  UMOUNT("mica_umount", JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT, ADDRESS),
  ROTATE("mica_rotate", JAVA_INT, ADDRESS, ADDRESS),
  ROTATE_RECOVER("mica_rotate_recover", JAVA_INT, ADDRESS, ADDRESS),
  START_APART("mica_start_apart", JAVA_INT, ADDRESS, ADDRESS, ADDRESS),
  NOTIFY("mica_notify", JAVA_INT, ADDRESS, ADDRESS, ADDRESS),
  IN_USE("mica_in_use", JAVA_INT, ADDRESS, ADDRESS, ADDRESS),
  MOUNTS("mica_mounts", JAVA_LONG, ADDRESS, JAVA_LONG, ADDRESS),
  PROBE("mica_probe", JAVA_INT, ADDRESS, ADDRESS, ADDRESS),
  OPEN_SCRATCH("mica_open_scratch", JAVA_INT, ADDRESS, ADDRESS, ADDRESS),
  CLEAN_SCRATCH("mica_clean_scratch", JAVA_INT, ADDRESS, ADDRESS),
  HOME("mica_home", JAVA_INT, ADDRESS, ADDRESS, JAVA_LONG, ADDRESS),
  TSC_KHZ("mica_tsc_khz", JAVA_INT),
  SHA256_NEW("mica_sha256_new", ADDRESS),
  SHA256_ADD("mica_sha256_add", null, ADDRESS, ADDRESS, JAVA_LONG),
  SHA256_END("mica_sha256_end", null, ADDRESS, ADDRESS),
  /** Of the C library: the untranslated text of an errno value. */
  STRERROR("strerrordesc_np", ADDRESS, JAVA_INT);

  final String symbol;
  private final FunctionDescriptor signature;
  private volatile @Nullable MethodHandle handle;

  Function(String symbol, @Nullable MemoryLayout result, MemoryLayout... parameters) {
    this.symbol = symbol;
    this.signature =
        result == null
            ? FunctionDescriptor.ofVoid(parameters)
            : FunctionDescriptor.of(result, parameters);
  }

  /** Ready to be called; fails in one line where the library or the function is missing. */
  MethodHandle handle() {
    MethodHandle linked = handle;
    if (linked == null) {
      linked = Linker.nativeLinker().downcallHandle(Library.loaded().find(this), signature);
      handle = linked;
    }
    return linked;
  }
}
