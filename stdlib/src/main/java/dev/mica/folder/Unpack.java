package dev.mica.folder;

import dev.mica.access.Reached;
import dev.mica.failure.MicaException;
import dev.mica.job.Activity;
import java.io.BufferedInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Collections;
import java.util.List;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.compressors.bzip2.BZip2CompressorInputStream;
import org.jspecify.annotations.Nullable;

/**
 * Copies out of an archive. Not through Commons VFS, which reads a tar archive from its start again
 * for each file in it, and drops links, owners and modes.
 */
final class Unpack {
  private final VfsFolder source;
  private final Path archive;
  private final Activity activity;
  private final Extraction extraction;
  private boolean found;

  private Unpack(VfsFolder source, Path archive, Activity activity, Extraction extraction) {
    this.source = source;
    this.archive = archive;
    this.activity = activity;
    this.extraction = extraction;
  }

  /** Copies it to {@code target}. */
  static void to(VfsFolder source, Path target) {
    try (Reached archive = source.caller().reach(source.archive())) {
      Extraction.of(
          source.caller(),
          source,
          "unpack",
          target,
          (activity, extraction) -> new Unpack(source, archive.path(), activity, extraction).run());
    }
  }

  private void run() throws IOException {
    switch (source.scheme()) {
      case "zip", "jar" -> zip();
      case "tgz" -> {
        try (InputStream in = new GZIPInputStream(open(), 1 << 16)) {
          tar(in);
        }
      }
      case "tbz2" -> {
        try (InputStream in = new BZip2CompressorInputStream(open(), true)) {
          tar(in);
        }
      }
      default -> {
        try (InputStream in = open()) {
          tar(in);
        }
      }
    }
    if (!found) {
      throw MicaException.failed("copy", source, "no such file in there");
    }
  }

  private InputStream open() throws IOException {
    return new BufferedInputStream(Files.newInputStream(archive), 1 << 16);
  }

  private void tar(InputStream in) throws IOException {
    TarArchiveInputStream tar = new TarArchiveInputStream(in, "UTF-8");
    for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
      String name = below(entry.getName());
      if (name != null) {
        plant(name, entry, tar);
      }
    }
  }

  private void plant(String name, TarArchiveEntry entry, InputStream content) throws IOException {
    Extraction.Meta meta =
        new Extraction.Meta(
            entry.getMode() & 07777,
            entry.getLongUserId(),
            entry.getLongGroupId(),
            entry.getLastModifiedTime());
    if (entry.isLink()) {
      String to = below(entry.getLinkName());
      if (to == null) {
        throw extraction.refused(
            name, "it is a hard link to what is not copied: " + entry.getLinkName());
      }
      extraction.link(name, to);
      return;
    }
    switch (Vfs.type(entry)) {
      case DIRECTORY -> extraction.directory(name, meta);
      case SYMLINK -> extraction.symlink(name, meta, entry.getLinkName());
      case FILE -> extraction.file(name, meta, cancellable(content));
      case FIFO, SOCKET, BLOCK_DEVICE, CHARACTER_DEVICE ->
          throw extraction.refused(name, "it is a device or a pipe; tar(1) can make those");
    }
  }

  private void zip() throws IOException {
    try (ZipFile zip = new ZipFile(archive.toFile())) {
      List<? extends ZipEntry> entries = Collections.list(zip.entries());
      for (ZipEntry entry : entries) {
        String name = below(entry.getName());
        if (name != null) {
          plant(name, entry, zip);
        }
      }
    }
  }

  private void plant(String name, ZipEntry entry, ZipFile zip) throws IOException {
    FileTime modified =
        entry.getLastModifiedTime() == null ? FileTime.fromMillis(0) : entry.getLastModifiedTime();
    Extraction.Meta meta = new Extraction.Meta(-1, -1, -1, modified);
    if (entry.isDirectory()) {
      extraction.directory(name, meta);
      return;
    }
    try (InputStream content = zip.getInputStream(entry)) {
      extraction.file(name, meta, cancellable(content));
    }
  }

  /** The name seen from the place that is copied; null if it is not below that. */
  private @Nullable String below(String name) {
    activity.check();
    if (name.indexOf('\uFFFD') >= 0) {
      throw extraction.refused(name, "its name is not UTF-8; tar(1) can unpack it");
    }
    String clean = name.replaceFirst("^(\\./+|/+)+", "").replaceFirst("/+$", "");
    String wanted = source.inside().substring(1);
    if (wanted.isEmpty()) {
      found = true;
      return clean.equals(".") ? "" : clean;
    }
    if (!clean.equals(wanted) && !clean.startsWith(wanted + "/")) {
      return null;
    }
    found = true;
    return clean.equals(wanted) ? "" : clean.substring(wanted.length() + 1);
  }

  private InputStream cancellable(InputStream content) {
    return new FilterInputStream(content) {
      @Override
      public int read(byte[] buffer, int offset, int length) throws IOException {
        activity.check();
        return super.read(buffer, offset, length);
      }
    };
  }
}
