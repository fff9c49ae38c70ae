package dev.mica.vm.qemu;

import dev.mica.state.Records;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** The devices that are plugged into a guest while it runs; QEMU is asked each time. */
public final class Devices {
  /** The ids of the bridges behind which devices are plugged in begin with this. */
  static final String BRIDGE = "bridge";

  private static final int LAST_SLOT = 31;

  private Devices() {}

  /**
   * Where a device can be plugged in.
   *
   * @param bus the bridge's id
   */
  public record Slot(String bus, int number) {}

  /** A slot behind a bridge that has no device. */
  public static Optional<Slot> freeSlot(Qmp qmp) {
    for (JsonNode bridge : bridges(qmp)) {
      BitSet taken = new BitSet();
      taken.set(0); // QEMU does not plug anything in there
      for (JsonNode device : bridge.path("pci_bridge").path("devices")) {
        taken.set(device.path("slot").asInt(0));
      }
      if (taken.nextClearBit(0) <= LAST_SLOT) {
        return Optional.of(new Slot(bridge.path("qdev_id").asString(""), taken.nextClearBit(0)));
      }
    }
    return Optional.empty();
  }

  private static List<JsonNode> bridges(Qmp qmp) {
    List<JsonNode> bridges = new ArrayList<>();
    for (JsonNode bus : qmp.run("query-pci")) {
      for (JsonNode device : bus.path("devices")) {
        if (device.path("qdev_id").asString("").startsWith(BRIDGE)) {
          bridges.add(device);
        }
      }
    }
    return bridges;
  }

  /** The address at which the guest's kernel has a device that is plugged in behind a bridge. */
  public static Optional<String> address(Qmp qmp, String id) {
    for (JsonNode bridge : bridges(qmp)) {
      for (JsonNode device : bridge.path("pci_bridge").path("devices")) {
        if (device.path("qdev_id").asString("").equals(id)) {
          return Optional.of(
              String.format(
                  "0000:%02x:%02x.%x",
                  device.path("bus").asInt(0),
                  device.path("slot").asInt(0),
                  device.path("function").asInt(0)));
        }
      }
    }
    return Optional.empty();
  }

  /** The ids with that prefix of the devices that were plugged in, without the prefix. */
  static List<String> names(Qmp qmp, String prefix) {
    ObjectNode where = Records.object().put("path", "/machine/peripheral");
    List<String> ids = new ArrayList<>();
    for (JsonNode device : qmp.run("qom-list", where)) {
      String id = device.path("name").asString("");
      if (id.startsWith(prefix)) {
        ids.add(id.substring(prefix.length()));
      }
    }
    return ids;
  }

  /** Whether the device of that id is plugged in. */
  static boolean has(Qmp qmp, String id) {
    return names(qmp, id).contains("");
  }

  /** Unplugs a device and waits until it is gone. Returns whether it is gone. */
  public static boolean unplug(Qmp qmp, String id, Duration limit) {
    if (!has(qmp, id)) {
      return true;
    }
    // QEMU refuses it if it was asked before and is doing it.
    boolean _ = qmp.tried("device_del", Records.object().put("id", id));
    return qmp.await(
        event ->
            event.path("event").asString("").equals("DEVICE_DELETED")
                && event.path("data").path("device").asString("").equals(id),
        limit);
  }
}
