package dev.mica.vm.qemu;

import dev.mica.failure.MicaException;
import dev.mica.state.Records;
import tools.jackson.databind.node.ObjectNode;

/**
 * The disks of a guest: files that QEMU has open from its start on, and that become devices of the
 * guest afterwards. So a guest that is restored has them too, though it was saved without any.
 */
public final class Disks {
  private static final String DEVICE = "disk-";

  private final Qemu qemu;

  public Disks(Qemu qemu) {
    this.qemu = qemu;
  }

  /**
   * What QEMU has of a disk from its start on, for a file that it was given and has no use for is
   * closed. The guest's discards make the file sparse again; what it flushes is flushed.
   */
  static String node(int disk) {
    return "driver=raw,node-name=" + DEVICE + disk + ",discard=unmap";
  }

  /** How the device is called, and the node of its file. */
  static String id(int disk) {
    return DEVICE + disk;
  }

  /**
   * Plugs the disk of that place among {@link Boot#disks}, by the serial number {@code disk-PLACE};
   * one that is plugged is fine.
   */
  public void plug(int disk) {
    try (Qmp qmp = qemu.qmp()) {
      plug(qmp, id(disk), id(disk));
    }
  }

  /** Plugs a device of that id and serial number, whose content is that node's. */
  void plug(Qmp qmp, String id, String node) {
    if (Devices.has(qmp, id)) {
      return;
    }
    Devices.Slot slot =
        Devices.freeSlot(qmp)
            .orElseThrow(() ->
                MicaException.failed("plug a disk into", qemu.guest(), "it has no slot left"));
    ObjectNode device = Records.object().put("driver", "virtio-blk-pci");
    device.put("id", id).put("drive", node).put("serial", id);
    device.put("bus", slot.bus()).put("addr", Integer.toHexString(slot.number()));
    qmp.run("device_add", device);
  }
}
