package dev.mica.vm.share;

import dev.mica.core.Identity;
import dev.mica.core.OpenDirectory;
import dev.mica.failure.MicaException;
import dev.mica.state.Records;
import dev.mica.text.PathBytes;
import dev.mica.vm.qemu.Devices;
import dev.mica.vm.qemu.Qemu;
import dev.mica.vm.qemu.Qmp;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.node.ObjectNode;

/** The folders that the guest is given, each with a file server and a record. */
public final class Shares {
  private static final String DEVICE = "share-";
  private static final Duration UNPLUG = Duration.ofSeconds(10);
  private static final SecureRandom RANDOM = new SecureRandom();

  private final Records records;
  private final Records cache;
  private final Qemu qemu;
  private final Map<String, String> environment;

  /** The cache keeps what was found out about programs. */
  public Shares(Records records, Records cache, Qemu qemu, Map<String, String> environment) {
    this.records = records;
    this.cache = cache;
    this.qemu = qemu;
    this.environment = environment;
  }

  /** Those whose file server runs. */
  public List<Share> all() {
    return records.names().stream()
        .flatMap(tag -> records.find(tag).flatMap(record -> share(tag, record)).stream())
        .toList();
  }

  /** Those whose file server does not run; their process id is 0. */
  public List<Share> lost() {
    return records.names().stream()
        .filter(tag -> !server(tag).daemon().isAlive())
        .flatMap(tag -> records.find(tag).map(record -> share(tag, record, 0)).stream())
        .toList();
  }

  private FileServer server(String tag) {
    return new FileServer(qemu.directory(), qemu.peers(), tag);
  }

  private Optional<Share> share(String tag, ObjectNode record) {
    return pid(tag).map(pid -> share(tag, record, pid));
  }

  private Optional<Long> pid(String tag) {
    return server(tag).daemon().process().map(ProcessHandle::pid);
  }

  private static Share share(String tag, ObjectNode record, long pid) {
    Path folder = PathBytes.toPath(Base64.getDecoder().decode(record.path("folder").asString("")));
    return new Share(
        tag, folder, record.path("is").asString(""), record.path("readOnly").asBoolean(false), pid);
  }

  /** By what it is: a folder that was removed and made again is another one. */
  public Share plug(OpenDirectory folder, boolean readOnly) {
    Optional<Share> known =
        all().stream()
            .filter(share ->
                readOnly
                    && share.readOnly()
                    && isOfOneLayer(share.tag())
                    && Identity.of(share.identity()).is(folder.identity()))
            .findFirst();
    return known.orElseGet(() -> start(List.of(folder), false, Use.layer(readOnly)));
  }

  private boolean isOfOneLayer(String tag) {
    return records
        .find(tag)
        .filter(record ->
            !record.path("many").asBoolean(false) && !record.path("volume").asBoolean(false))
        .isPresent();
  }

  /** A folder that programs of this host use too. */
  public Share plugVolume(OpenDirectory folder, boolean readOnly) {
    return start(List.of(folder), false, Use.volume(readOnly));
  }

  /** Several in one, read-only; it goes by the first of them. */
  public Share plugTogether(List<OpenDirectory> folders) {
    return start(folders, true, Use.LOWER);
  }

  private Share start(List<OpenDirectory> folders, boolean together, Use use) {
    OpenDirectory folder = folders.getFirst();
    String tag = String.format("s%08x", RANDOM.nextInt());
    ObjectNode record = Records.object();
    record.put("folder", Base64.getEncoder().encodeToString(PathBytes.of(folder.openedBy())));
    record.put("readOnly", use.readOnly()).put("is", folder.identity().text());
    record.put("many", together).put("volume", use.isVolume());
    records.put(tag, record);
    boolean done = false;
    try {
      try (Qmp qmp = qemu.qmp()) {
        server(tag).start(environment, cache, qmp.version(), folders, together, use);
        plugIn(qmp, tag);
      }
      done = true;
    } finally {
      if (!done) {
        forget(tag);
      }
    }
    return share(tag, record)
        .orElseThrow(
            () -> MicaException.failed("share", folder.openedBy(), "its file server has ended"));
  }

  private void plugIn(Qmp qmp, String tag) {
    Devices.Slot slot =
        Devices.freeSlot(qmp)
            .orElseThrow(() ->
                MicaException.failed(
                        "share another folder with", "the " + qemu.guest(), "it has no slot left")
                    .hint("remove unions, and end the VM where file servers of it have ended"));
    ObjectNode address = Records.object().put("type", "unix");
    address.putObject("data").put("path", "/" + Qemu.PEERS + "/" + tag + ".sock");
    ObjectNode backend = Records.object().put("type", "socket");
    backend.putObject("data").put("server", false).set("addr", address);
    ObjectNode channel = Records.object().put("id", tag);
    channel.set("backend", backend);
    qmp.run("chardev-add", channel);
    ObjectNode device = Records.object().put("driver", "vhost-user-fs-pci");
    device.put("id", DEVICE + tag).put("chardev", tag).put("tag", tag);
    device.put("bus", slot.bus()).put("addr", Integer.toHexString(slot.number()));
    try {
      qmp.run("device_add", device);
    } catch (MicaException failure) {
      boolean _ = qmp.tried("chardev-remove", Records.object().put("id", tag));
      throw failure;
    }
  }

  public Optional<String> device(String tag) {
    try (Qmp qmp = qemu.qmp()) {
      return Devices.address(qmp, DEVICE + tag);
    }
  }

  /** Its server ends whatever QEMU does: from then on nobody in there can write to it. */
  public void unplug(String tag) {
    boolean gone;
    try (Qmp qmp = qemu.qmp()) {
      gone = Devices.unplug(qmp, DEVICE + tag, UNPLUG);
      forget(tag);
      boolean _ = qmp.tried("chardev-remove", Records.object().put("id", tag));
    }
    if (!gone) {
      throw MicaException.failed("unplug the share", tag, "QEMU does not let it go")
          .hint("the folder is out of its reach; end the guest to have the share's place again");
    }
  }

  /** Its server ends; the guest keeps the device. */
  public void forget(String tag) {
    server(tag).stop();
    records.remove(tag);
  }

  /** After the guest's end. */
  public void forgetAll() {
    records.names().forEach(this::forget);
  }
}
