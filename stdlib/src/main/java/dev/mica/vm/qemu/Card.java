package dev.mica.vm.qemu;

import dev.mica.failure.MicaException;
import dev.mica.state.Records;
import tools.jackson.databind.node.ObjectNode;

/** The network card of a guest. It is plugged while the guest runs: templates have none. */
public final class Card {
  /** Its address: each guest is alone in its network. */
  public static final String MAC = "52:54:00:12:34:56";

  private static final String DEVICE = "card-0";
  private static final String BACKEND = "network";

  private Card() {}

  /**
   * Plugs it.
   *
   * @param backend what QEMU connects it to, as in {@code netdev_add}, without an id
   */
  public static void plug(Qemu qemu, ObjectNode backend) {
    try (Qmp qmp = qemu.qmp()) {
      qmp.run("netdev_add", backend.put("id", BACKEND));
      boolean done = false;
      try {
        add(qmp, qemu);
        done = true;
      } finally {
        if (!done) {
          boolean _ = qmp.tried("netdev_del", Records.object().put("id", BACKEND));
        }
      }
    }
  }

  private static void add(Qmp qmp, Qemu qemu) {
    Devices.Slot slot =
        Devices.freeSlot(qmp)
            .orElseThrow(() ->
                MicaException.failed("plug a card into", qemu.guest(), "it has no slot left"));
    ObjectNode device = Records.object().put("driver", "virtio-net-pci");
    device.put("id", DEVICE).put("netdev", BACKEND).put("romfile", "").put("mac", MAC);
    device.put("bus", slot.bus()).put("addr", Integer.toHexString(slot.number()));
    qmp.run("device_add", device);
  }
}
