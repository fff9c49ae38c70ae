package dev.mica.vm.guest;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import org.apache.commons.compress.archivers.cpio.CpioArchiveEntry;
import org.apache.commons.compress.archivers.cpio.CpioArchiveOutputStream;
import org.apache.commons.compress.archivers.cpio.CpioConstants;

/** An archive that the kernel unpacks into its first file system; it takes several, in a row. */
final class Cpio {
  private static final int PROGRAM = 0755;

  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private final CpioArchiveOutputStream archive = new CpioArchiveOutputStream(bytes);
  private final Set<String> directories = new TreeSet<>();
  private long inode = 1;

  /** A directory, and those on the way to it. */
  void directory(String name) throws IOException {
    Path parent = Path.of(name).getParent();
    if (parent != null) {
      directory(parent.toString());
    }
    if (directories.add(name)) {
      put(entry(name, CpioConstants.C_ISDIR | PROGRAM, 0), new byte[0]);
    }
  }

  /** A program, or what is read: everybody may do both. */
  void file(String name, byte[] content) throws IOException {
    Path parent = Path.of(name).getParent();
    if (parent != null) {
      directory(parent.toString());
    }
    put(entry(name, CpioConstants.C_ISREG | PROGRAM, content.length), content);
  }

  void characterDevice(String name, long major, long minor) throws IOException {
    CpioArchiveEntry device = entry(name, CpioConstants.C_ISCHR | 0600, 0);
    device.setRemoteDeviceMaj(major);
    device.setRemoteDeviceMin(minor);
    put(device, new byte[0]);
  }

  byte[] finish() throws IOException {
    archive.close();
    return bytes.toByteArray();
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
