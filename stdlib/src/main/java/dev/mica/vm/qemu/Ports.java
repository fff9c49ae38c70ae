package dev.mica.vm.qemu;

import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import dev.mica.state.Records;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** The virtio-serial ports that are plugged into a guest; QEMU is asked each time. */
public final class Ports {
  /** How many can be plugged in. */
  public static final int MOST = 62;

  private static final String DEVICE = "port-";
  private static final Duration UNPLUG = Duration.ofSeconds(10);

  private final Qemu qemu;

  public Ports(Qemu qemu) {
    this.qemu = qemu;
  }

  public List<String> all() {
    try (Qmp qmp = qemu.qmp()) {
      return Devices.names(qmp, DEVICE);
    }
  }

  /** The ports to whose socket a client is connected. */
  public Set<String> busy() {
    Set<String> busy = new TreeSet<>();
    try (Qmp qmp = qemu.qmp()) {
      for (JsonNode one : qmp.run("query-chardev")) {
        String label = one.path("label").asString("");
        if (label.startsWith(DEVICE)
            && !one.path("filename").asString("").startsWith("disconnected:")) {
          busy.add(label.substring(DEVICE.length()));
        }
      }
    }
    return busy;
  }

  /** Plugs in the port of that name, unless it is plugged in already. Returns its socket. */
  public Path plug(String name) {
    if (!name.matches("[a-z0-9][a-z0-9.-]{0,62}")) {
      throw MicaException.usage(
          "plug a port called", name, "a name has only small letters, digits, . and -");
    }
    try (Qmp qmp = qemu.qmp()) {
      if (!Devices.names(qmp, DEVICE).contains(name)) {
        add(qmp, name);
      }
    }
    return socket(name);
  }

  private void add(Qmp qmp, String name) {
    // A process that was killed between the two steps below has left it.
    remove(qmp, name);
    ObjectNode address = Records.object().put("type", "unix");
    address.putObject("data").put("path", socket(name).getFileName().toString());
    ObjectNode backend = Records.object().put("type", "socket");
    backend.putObject("data").put("server", true).put("wait", false).set("addr", address);
    ObjectNode channel = Records.object().put("id", DEVICE + name);
    channel.set("backend", backend);
    qmp.run("chardev-add", channel);
    ObjectNode device = Records.object().put("driver", "virtserialport");
    device.put("bus", CommandLine.BUS + ".0").put("id", DEVICE + name);
    device.put("chardev", DEVICE + name).put("name", name);
    try {
      qmp.run("device_add", device);
    } catch (MicaException failure) {
      remove(qmp, name);
      throw failure;
    }
  }

  public void unplug(String name) {
    try (Qmp qmp = qemu.qmp()) {
      if (!Devices.unplug(qmp, DEVICE + name, UNPLUG)) {
        throw MicaException.failed("unplug the port", name, "the guest does not let it go");
      }
      remove(qmp, name);
    }
  }

  private void remove(Qmp qmp, String name) {
    boolean _ = qmp.tried("chardev-remove", Records.object().put("id", DEVICE + name));
    try {
      Files.deleteIfExists(socket(name));
    } catch (IOException broken) {
      throw MicaException.failed("remove", socket(name), Why.of(broken)).because(broken);
    }
  }

  private Path socket(String name) {
    return qemu.ports().resolve("p-" + name + ".sock");
  }
}
