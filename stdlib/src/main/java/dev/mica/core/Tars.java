package dev.mica.core;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Set;

/**
 * The functions of the C core that write layers as tars and make layers of tars; see {@link Core}.
 */
public final class Tars {
  private Tars() {}

  /**
   * Writes a layer as a tar in the form of OCI images to {@code file}, which must not exist; of the
   * flags those on the layer's form and on flushing. The same layer gives the same tar everywhere.
   * With {@link LayerFlag#EXACT} the tar is plain, an exact copy, and its digests are zeros.
   */
  @SuppressWarnings("EnumOrdinal") // in the order of MICA_TAR_*
  public static LayerTar write(
      Path layer, Path file, Compression compression, Set<LayerFlag> flags) {
    try (Call call = new Call("write as a tar", layer + " to " + file).unlessCancelled()) {
      MemorySegment from = call.path(layer);
      MemorySegment to = call.path(file);
      int how = compression.ordinal();
      int bits = Core.bits(flags);
      return tar(
          call,
          (tar, remarks) ->
              (int)
                  Function.TAR_WRITE
                      .handle()
                      .invokeExact(
                          from, to, -1, how, bits, tar, remarks, call.job(), call.error()));
    }
  }

  /**
   * Writes a file, or a directory with all below it, as a plain tar to {@code file}, which must not
   * exist: by its name in the open directory it lies in. It is no layer: see {@link
   * LayerFlag#NAMES}.
   */
  public static LayerTar writeEntry(OpenDirectory in, Path name, Path file) {
    String what = in.openedBy().resolve(name) + " to " + file;
    try (Call call = new Call("write as a tar", what).unlessCancelled()) {
      MemorySegment from = call.path(in.path());
      MemorySegment entry = call.name(name);
      MemorySegment to = call.path(file);
      return tar(
          call,
          (tar, remarks) ->
              (int)
                  Function.TAR_WRITE_ENTRY
                      .handle()
                      .invokeExact(from, entry, to, -1, tar, remarks, call.job(), call.error()));
    }
  }

  /**
   * Makes {@code dest}, which must not exist, the layer that a tar says, whoever has written it:
   * plain, by gzip or by zstd. {@code file} may be a pipe. Whether it is the tar that was meant is
   * for the caller to see, by its digest; with {@link LayerFlag#EXACT}, which takes exact copies
   * only, by {@link Core#treeDigest} of what was made.
   */
  public static LayerTar read(Path file, Path dest, TarLimits limits, Set<LayerFlag> flags) {
    try (Call call = new Call("unpack", file + " to " + dest).unlessCancelled()) {
      MemorySegment from = call.path(file);
      MemorySegment to = call.path(dest);
      MemorySegment most = limits.struct(call);
      int bits = Core.bits(flags);
      return tar(
          call,
          (tar, remarks) ->
              (int)
                  Function.TAR_READ
                      .handle()
                      .invokeExact(
                          from, -1, to, most, bits, tar, remarks, call.job(), call.error()));
    }
  }

  /**
   * Makes {@code dest}, which must not exist, the layer that a guest sends over a port, exact to
   * the last attribute. There is no {@code dest} unless its check, a fast digest of all that its
   * manifest has, is the one that the guest tells.
   *
   * @param socket of the port, where the process {@code peer} listens
   * @param token of the session, 32 hexadecimal digits, which the guest was told
   */
  public static TreeTotals receive(
      Path socket, long peer, String token, Path dest, TarLimits limits, Set<LayerFlag> flags) {
    try (Call call = new Call("take the layer", dest.toString()).unlessCancelled()) {
      MemorySegment from = call.path(socket);
      int process = Math.toIntExact(peer);
      MemorySegment session = call.bytes(HexFormat.of().parseHex(token));
      MemorySegment to = call.path(dest);
      MemorySegment most = limits.struct(call);
      int bits = Core.bits(flags);
      MemorySegment totals = call.allocate(TreeTotals.SIZE);
      call.run(() ->
          (int)
              Function.RECEIVE_LAYER
                  .handle()
                  .invokeExact(
                      from, process, session, to, most, bits, totals, call.job(), call.error()));
      return TreeTotals.read(totals);
    }
  }

  @FunctionalInterface
  private interface TarBody {
    int run(MemorySegment tar, MemorySegment remarks) throws Throwable;
  }

  private static LayerTar tar(Call call, TarBody body) {
    MemorySegment tar = call.allocate(LayerTar.SIZE);
    MemorySegment remarks = call.allocate(Remark.LIST_SIZE);
    try {
      call.run(() -> body.run(tar, remarks));
      return LayerTar.read(tar, remarks);
    } finally {
      Call.invoke(() -> {
        Function.REMARKS_FREE.handle().invokeExact(remarks);
        return 0;
      });
    }
  }
}
