package dev.mica.vm.guest;

import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.apache.commons.compress.archivers.cpio.CpioArchiveEntry;
import org.apache.commons.compress.archivers.cpio.CpioArchiveOutputStream;
import org.apache.commons.compress.archivers.cpio.CpioConstants;

/** What the guest boots into: the agent, the modules, and the list of them. */
public final class Initramfs {
  /** What brings up the agent's port. */
  private static final List<String> FIRST = List.of("virtio_pci", "virtio_console");

  private static final List<String> THEN = List.of("fuse", "virtiofs", "overlay");
  private static final long CONSOLE_MAJOR = 5;
  private static final long CONSOLE_MINOR = 1;

  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private final CpioArchiveOutputStream archive = new CpioArchiveOutputStream(bytes);
  private final Set<String> directories = new TreeSet<>();
  private long inode = 1;

  private Initramfs() {}

  /** The archive; the same bytes for the same agent and kernel. */
  public static byte[] of(Path agent, Kernel kernel) {
    Modules modules = Modules.of(kernel);
    Map<String, Path> first = modules.closure(FIRST, Set.of());
    Map<String, Path> then = modules.closure(THEN, first.keySet());
    try {
      return new Initramfs().write(agent, first, then);
    } catch (IOException broken) {
      throw MicaException.failed("make an initramfs of", agent, Why.of(broken)).because(broken);
    }
  }

  private byte[] write(Path agent, Map<String, Path> first, Map<String, Path> then)
      throws IOException {
    directory("dev");
    CpioArchiveEntry console = entry("dev/console", CpioConstants.C_ISCHR | 0600, 0);
    console.setRemoteDeviceMaj(CONSOLE_MAJOR);
    console.setRemoteDeviceMin(CONSOLE_MINOR);
    put(console, new byte[0]);
    file("init", Files.readAllBytes(agent));
    String list = modules(first) + "\n" + modules(then);
    file("modules", list.getBytes(StandardCharsets.UTF_8));
    archive.close();
    return bytes.toByteArray();
  }

  /** Adds them; their lines for the list. */
  private String modules(Map<String, Path> modules) throws IOException {
    StringBuilder lines = new StringBuilder();
    directory("lib");
    directory("lib/modules");
    for (Map.Entry<String, Path> module : modules.entrySet()) {
      String name = "lib/modules/" + module.getKey() + ".ko";
      file(name, Modules.unsigned(Modules.content(module.getValue())));
      lines.append('/').append(name).append('\n');
    }
    return lines.toString();
  }

  private void directory(String name) throws IOException {
    if (directories.add(name)) {
      put(entry(name, CpioConstants.C_ISDIR | 0755, 0), new byte[0]);
    }
  }

  private void file(String name, byte[] content) throws IOException {
    put(entry(name, CpioConstants.C_ISREG | 0755, content.length), content);
  }

  private CpioArchiveEntry entry(String name, long mode, long size) {
    CpioArchiveEntry entry = new CpioArchiveEntry(CpioConstants.FORMAT_NEW, name);
    entry.setMode(mode);
    entry.setSize(size);
    entry.setInode(inode++);
    entry.setNumberOfLinks(1);
    return entry;
  }

  private void put(CpioArchiveEntry entry, byte[] content) throws IOException {
    archive.putArchiveEntry(entry);
    archive.write(content);
    archive.closeArchiveEntry();
  }
}
