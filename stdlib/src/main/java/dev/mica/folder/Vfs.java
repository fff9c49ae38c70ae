package dev.mica.folder;

import dev.mica.core.Core;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.zip.ZipEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.vfs2.FileName;
import org.apache.commons.vfs2.FileObject;
import org.apache.commons.vfs2.FileSystem;
import org.apache.commons.vfs2.FileSystemException;
import org.apache.commons.vfs2.FileSystemOptions;
import org.apache.commons.vfs2.FileType;
import org.apache.commons.vfs2.impl.DefaultFileReplicator;
import org.apache.commons.vfs2.impl.DefaultFileSystemManager;
import org.apache.commons.vfs2.provider.AbstractFileName;
import org.apache.commons.vfs2.provider.LayeredFileName;
import org.apache.commons.vfs2.provider.UriParser;
import org.apache.commons.vfs2.provider.bzip2.Bzip2FileProvider;
import org.apache.commons.vfs2.provider.gzip.GzipFileProvider;
import org.apache.commons.vfs2.provider.local.DefaultLocalFileProvider;
import org.apache.commons.vfs2.provider.tar.TarFileObject;
import org.apache.commons.vfs2.provider.tar.TarFileProvider;
import org.apache.commons.vfs2.provider.tar.TarFileSystem;
import org.apache.commons.vfs2.provider.zip.ZipFileObject;
import org.apache.commons.vfs2.provider.zip.ZipFileProvider;
import org.apache.commons.vfs2.provider.zip.ZipFileSystem;
import org.jspecify.annotations.Nullable;

/**
 * Commons VFS with the providers we support and nothing else: its own set-up reads XML, tries two
 * dozen providers, and would serve http: unasked. Each is for one question, with scratch space of
 * its own.
 */
final class Vfs implements AutoCloseable {
  /** Something to find out about a file. */
  @FunctionalInterface
  interface Question<T> {
    T about(FileObject file) throws IOException;
  }

  private static final char[] RESERVED = {'!', '?', '#', '%', '\\'};

  /** The one file in a compressed file: VFS takes any name for it. */
  private static final String UNPACKED = "/unpacked.tar!";

  private final DefaultFileSystemManager manager = new DefaultFileSystemManager();
  private final Path scratch;

  private Vfs(Path scratch) {
    this.scratch = scratch;
  }

  static Vfs open() throws IOException {
    Vfs vfs = new Vfs(Files.createTempDirectory("mica-vfs-"));
    try {
      vfs.start();
      return vfs;
    } catch (FileSystemException e) {
      vfs.close();
      throw e;
    }
  }

  private void start() throws FileSystemException {
    DefaultFileReplicator replicator = new DefaultFileReplicator(scratch.toFile());
    manager.setReplicator(replicator);
    manager.setTemporaryFileStore(replicator);
    manager.addProvider("file", new DefaultLocalFileProvider());
    manager.addProvider("zip", new Zips());
    manager.addProvider("jar", new Zips());
    manager.addProvider("tar", new Tars());
    manager.addProvider("gz", new GzipFileProvider());
    manager.addProvider("bz2", new Bzip2FileProvider());
    manager.init();
  }

  /** The file there; of a hard link the one that has the bytes. */
  FileObject resolve(VfsFolder folder) throws FileSystemException {
    FileObject file = resolveName(folder);
    TarArchiveEntry entry = file instanceof TarFile tar ? tar.entry : null;
    if (entry == null || !entry.isLink()) {
      return file;
    }
    Path first = Path.of("/").resolve(entry.getLinkName()).normalize();
    return resolveName(
        new VfsFolder(folder.caller(), folder.scheme(), folder.archive(), first.toString()));
  }

  private FileObject resolveName(VfsFolder folder) throws FileSystemException {
    String archive = UriParser.encode(folder.archive().toString(), RESERVED);
    String inside = UriParser.encode(folder.inside(), RESERVED);
    String file = "file://" + archive + "!";
    return manager.resolveFile(
        switch (folder.scheme()) {
          case "tgz" -> "tar:gz:" + file + UNPACKED + inside;
          case "tbz2" -> "tar:bz2:" + file + UNPACKED + inside;
          default -> folder.scheme() + ":" + file + inside;
        });
  }

  @Override
  public void close() {
    manager.close();
    Core.remove(scratch);
  }

  /** The last component; VFS keeps names encoded. */
  static Name name(FileObject file) throws FileSystemException {
    return Name.of(UriParser.decode(file.getName().getBaseName()));
  }

  /** The innermost cause that says something. */
  static String why(FileSystemException e) {
    String why = String.valueOf(e.getMessage());
    for (Throwable cause = e.getCause(); cause != null; cause = cause.getCause()) {
      String more = cause.getMessage();
      why = more == null ? why : more;
    }
    return why;
  }

  /** VFS takes all that is no directory for a file. */
  static Type type(FileObject file) throws FileSystemException {
    TarArchiveEntry entry = file instanceof TarFile tar ? tar.entry : null;
    if (entry == null) {
      return file.getType() == FileType.FOLDER ? Type.DIRECTORY : Type.FILE;
    }
    return type(entry);
  }

  static Type type(TarArchiveEntry entry) {
    if (entry.isSymbolicLink()) {
      return Type.SYMLINK;
    } else if (entry.isDirectory()) {
      return Type.DIRECTORY;
    } else if (entry.isFIFO()) {
      return Type.FIFO;
    } else if (entry.isBlockDevice()) {
      return Type.BLOCK_DEVICE;
    } else if (entry.isCharacterDevice()) {
      return Type.CHARACTER_DEVICE;
    }
    return Type.FILE;
  }

  /** The permission bits; -1 where the archive does not say. */
  static int mode(FileObject file) {
    TarArchiveEntry entry = file instanceof TarFile tar ? tar.entry : null;
    return entry == null ? -1 : entry.getMode() & 07777;
  }

  /** When it was changed; 1970 for a directory that the archive only implies. */
  static Instant modified(FileObject file) throws FileSystemException {
    return Instant.ofEpochMilli(file.getContent().getLastModifiedTime());
  }

  /** VFS asks an entry that is not there for its time: of a directory that has none of its own. */
  private static final class Zips extends ZipFileProvider {
    @Override
    protected FileSystem doCreateFileSystem(
        String scheme, FileObject file, FileSystemOptions options) throws FileSystemException {
      AbstractFileName root =
          new LayeredFileName(scheme, file.getName(), FileName.ROOT_PATH, FileType.FOLDER);
      return new Zip(root, file, options);
    }
  }

  private static final class Zip extends ZipFileSystem {
    Zip(AbstractFileName root, FileObject file, FileSystemOptions options)
        throws FileSystemException {
      super(root, file, options);
    }

    @Override
    protected ZipFileObject createZipFileObject(AbstractFileName name, @Nullable ZipEntry entry) {
      return new ZipMember(name, entry, this);
    }
  }

  private static final class ZipMember extends ZipFileObject {
    ZipMember(AbstractFileName name, @Nullable ZipEntry entry, Zip archive) {
      super(name, entry, archive, true);
    }

    @Override
    protected long doGetLastModifiedTime() throws Exception {
      return entry == null ? 0 : super.doGetLastModifiedTime();
    }
  }

  /** VFS keeps what a tar archive says of modes and links to itself. */
  private static final class Tars extends TarFileProvider {
    @Override
    protected FileSystem doCreateFileSystem(
        String scheme, FileObject file, FileSystemOptions options) throws FileSystemException {
      AbstractFileName root =
          new LayeredFileName(scheme, file.getName(), FileName.ROOT_PATH, FileType.FOLDER);
      return new Tar(root, file, options);
    }
  }

  private static final class Tar extends TarFileSystem {
    Tar(AbstractFileName root, FileObject file, FileSystemOptions options)
        throws FileSystemException {
      super(root, file, options);
    }

    @Override
    protected TarFileObject createTarFileObject(AbstractFileName name, TarArchiveEntry entry) {
      return new TarFile(name, entry, this);
    }
  }

  private static final class TarFile extends TarFileObject {
    private @Nullable TarArchiveEntry entry;

    TarFile(AbstractFileName name, @Nullable TarArchiveEntry entry, Tar archive) {
      super(name, entry, archive, true);
      this.entry = entry;
    }

    @Override
    protected void setTarEntry(@Nullable TarArchiveEntry entry) {
      super.setTarEntry(entry);
      this.entry = entry;
    }
  }
}
