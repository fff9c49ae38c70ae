package dev.mica.vm.qemu;

import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import dev.mica.state.Records;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The content of a guest's disk as it was at one moment. The guest reads it from another, read-only
 * disk while it goes on writing to the first. QEMU's filter {@code copy-before-write} copies what
 * is about to be overwritten to a scratch file, and its {@code snapshot-access} shows the old
 * content. The disk itself always stays the same file, so nothing of it is lost if QEMU is killed.
 *
 * <p>Each disk has at most one snapshot at a time.
 */
public final class Snapshots {
  private static final String DEVICE = "snapshot-";
  private static final String FILTER = "filter-";
  private static final String SCRATCH = "scratch-";
  private static final String VIEW = "view-";

  /**
   * If a read begins in a cluster that was overwritten and ends in one that was not, QEMU 7.2 reads
   * all of it from the current disk: it takes the state of the first cluster for that of all. So a
   * node that can align and bound reads makes each of them a read of one whole cluster. It is the
   * topmost node: if it were below a node that only bounds reads, a read that begins in the middle
   * of a cluster would come in pieces that each touch two clusters, and all would be read twice.
   */
  private static final String CLUSTERS = "clusters-";

  /**
   * QEMU 7.2's snapshot-access refuses reads with any flag, and virtio-blk adds a hint about its
   * memory to each read. A quorum of one passes the read on without the flag.
   */
  private static final String PLAIN = "plain-";

  /** The nodes through which a snapshot is read, from the device down to the filter. */
  private static final List<String> VIEWS = List.of(CLUSTERS, PLAIN, VIEW);

  /** The node that the device shows while there is no snapshot: zeros. */
  private static final String NOTHING = "nothing-";

  private final Qemu qemu;
  private final Disks disks;

  public Snapshots(Qemu qemu, Disks disks) {
    this.qemu = qemu;
    this.disks = disks;
  }

  /** QEMU's nodes of the scratch file, which it has from its start on, like those of the disk. */
  static String node(int disk) {
    return "driver=raw,node-name=" + SCRATCH + disk + ",discard=unmap";
  }

  /**
   * Makes an empty scratch file, as large as the disk. It takes as much space as is overwritten
   * during a snapshot.
   */
  static void makeScratch(Path file, long size) throws IOException {
    Files.createFile(
        file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    try (RandomAccessFile scratch = new RandomAccessFile(file.toFile(), "rw")) {
      scratch.setLength(size);
    }
  }

  /** The id and serial number of the snapshot's device. */
  public static String device(int disk) {
    return DEVICE + disk;
  }

  /**
   * Keeps the disk's content of this moment. Meanwhile its guest has its file system frozen, so
   * this does only what cannot be done before or after.
   */
  public void take(int disk) {
    ObjectNode filter = Records.object().put("driver", "copy-before-write");
    filter.put("node-name", FILTER + disk).put("file", Disks.id(disk));
    // A scratch file that cannot grow spoils the snapshot, not the guest's own writing.
    filter.put("target", SCRATCH + disk).put("on-cbw-error", "break-snapshot");
    boolean done = false;
    try (Qmp qmp = qemu.qmp()) {
      try {
        qmp.run("blockdev-add", filter);
        setDrive(qmp, Disks.id(disk), FILTER + disk);
        done = true;
      } finally {
        if (!done) {
          release(qmp, disk);
        }
      }
    }
  }

  /**
   * Gives the guest the snapshot as a disk. The device stays when the snapshot ends, and is empty
   * then, because plugging a device in and out takes the guest longer than all the rest.
   */
  public void plug(int disk) {
    try (Qmp qmp = qemu.qmp()) {
      Map<String, JsonNode> nodes = nodes(qmp);
      if (!nodes.containsKey(CLUSTERS + disk)) {
        view(qmp, disk, cluster(nodes.get(FILTER + disk)));
      }
      if (isPlugged(qmp, disk)) {
        setDrive(qmp, DEVICE + disk, CLUSTERS + disk);
      } else {
        disks.plug(qmp, DEVICE + disk, CLUSTERS + disk);
      }
    }
  }

  private static boolean isPlugged(Qmp qmp, int disk) {
    return Devices.has(qmp, DEVICE + disk);
  }

  private static void view(Qmp qmp, int disk, long cluster) {
    ObjectNode view = Records.object().put("driver", "snapshot-access");
    view.put("node-name", VIEW + disk).put("file", FILTER + disk).put("read-only", true);
    ObjectNode plain = Records.object().put("driver", "quorum");
    plain.put("node-name", PLAIN + disk).put("vote-threshold", 1).put("read-pattern", "fifo");
    plain.put("read-only", true).putArray("children").add(VIEW + disk);
    ObjectNode clusters = Records.object().put("driver", "blkdebug");
    clusters.put("node-name", CLUSTERS + disk).put("image", PLAIN + disk).put("read-only", true);
    clusters.put("align", cluster).put("max-transfer", cluster);
    for (ObjectNode node : List.of(view, plain, clusters)) {
      qmp.run("blockdev-add", node);
    }
  }

  /**
   * The number of bytes that the filter copies at a time: QEMU chooses it, and notes it with its
   * bitmaps.
   */
  private long cluster(@Nullable JsonNode filter) {
    if (filter == null) {
      throw MicaException.failed("read the snapshot of", qemu.guest(), "there is none");
    }
    long cluster = 0;
    for (JsonNode bitmap : filter.path("dirty-bitmaps")) {
      cluster = Math.max(cluster, bitmap.path("granularity").asLong(0));
    }
    if (cluster == 0) {
      throw MicaException.failed(
          "read the snapshot of", qemu.guest(), "QEMU does not say in what clusters it is kept");
    }
    return cluster;
  }

  /**
   * Ends a snapshot at any step, and frees the space of its scratch file. It is fine if there is
   * none. The guest has unmounted it before, and is not asked.
   */
  public void release(int disk) {
    try (Qmp qmp = qemu.qmp()) {
      release(qmp, disk);
    }
  }

  private void release(Qmp qmp, int disk) {
    Map<String, JsonNode> nodes = nodes(qmp);
    if (!nodes.containsKey(FILTER + disk)) {
      return;
    }
    if (isPlugged(qmp, disk)) {
      if (!nodes.containsKey(NOTHING + disk)) {
        nothing(qmp, disk);
      }
      setDrive(qmp, DEVICE + disk, NOTHING + disk);
    }
    for (String view : VIEWS) {
      if (nodes.containsKey(view + disk)) {
        delete(qmp, view + disk);
      }
    }
    setDrive(qmp, Disks.id(disk), Disks.id(disk));
    delete(qmp, FILTER + disk);
    empty(qemu.scratch(disk));
  }

  /** As large as the disk, because the device keeps its size. */
  private void nothing(Qmp qmp, int disk) {
    ObjectNode nothing = Records.object().put("driver", "null-co").put("node-name", NOTHING + disk);
    nothing.put("size", size(qemu.scratch(disk))).put("read-zeroes", true).put("read-only", true);
    qmp.run("blockdev-add", nothing);
  }

  private static long size(Path scratch) {
    try {
      return Files.size(scratch);
    } catch (IOException broken) {
      throw MicaException.failed("look at", scratch, Why.of(broken)).because(broken);
    }
  }

  private static void delete(Qmp qmp, String node) {
    qmp.run("blockdev-del", Records.object().put("node-name", node));
  }

  private static Map<String, JsonNode> nodes(Qmp qmp) {
    Map<String, JsonNode> nodes = new HashMap<>();
    for (JsonNode node : qmp.run("query-named-block-nodes", Records.object().put("flat", true))) {
      nodes.put(node.path("node-name").asString(""), node);
    }
    return nodes;
  }

  /**
   * Has the device show that node. QEMU 7.2 aborts if it is told so of the node that the device
   * shows already: who was killed in between may have left it so.
   */
  private static void setDrive(Qmp qmp, String device, String node) {
    ObjectNode drive = Records.object().put("path", "/machine/peripheral/" + device);
    drive.put("property", "drive");
    if (!qmp.run("qom-get", drive).asString("").equals(node)) {
      qmp.run("qom-set", drive.put("value", node));
    }
  }

  /**
   * QEMU has the file open but does not use it any more; a sparse file of the same size has the
   * same content.
   */
  private static void empty(Path scratch) {
    try (RandomAccessFile file = new RandomAccessFile(scratch.toFile(), "rw")) {
      long size = file.length();
      file.setLength(0);
      file.setLength(size);
    } catch (IOException broken) {
      throw MicaException.failed("empty", scratch, Why.of(broken)).because(broken);
    }
  }
}
