package dev.mica.folder;

import dev.mica.access.Caller;
import dev.mica.access.Reached;
import dev.mica.failure.MicaException;
import dev.mica.text.PathBytes;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.apache.commons.vfs2.FileObject;
import org.apache.commons.vfs2.FileSystemException;
import org.apache.commons.vfs2.FileType;

/**
 * A file or folder in an archive that Commons VFS reads. Each call opens the archive again, so that
 * the answer is up to date and nothing stays open.
 *
 * @param caller the caller who has it
 * @param scheme one of {@link PathOrUri#ARCHIVES}
 * @param archive the local file
 * @param inside the path in it: {@code /}, or {@code /a/b} without {@code .} and {@code ..}
 */
record VfsFolder(Caller caller, String scheme, Path archive, String inside)
    implements ForeignFolder {
  /**
   * The file or folder that {@code scheme:rest} names: a local path or file: URI, then {@code
   * !/path}.
   */
  static VfsFolder of(Caller caller, String scheme, String rest) {
    int mark = rest.indexOf("!/");
    String archive = mark < 0 ? rest.replaceFirst("!$", "") : rest.substring(0, mark);
    Path file =
        PathBytes.absolute(caller.folder().resolve(PathOrUri.localPath(caller, archive)))
            .normalize();
    caller.requireReach(file);
    VfsFolder root = new VfsFolder(caller, scheme, file, "/");
    return mark < 0 ? root : root.resolve(rest.substring(mark + 2));
  }

  @Override
  public String location() {
    return scheme + ":" + PathBytes.printable(archive) + "!" + inside;
  }

  @Override
  public String name() {
    return inside.equals("/")
        ? String.valueOf(archive.getFileName())
        : inside.substring(inside.lastIndexOf('/') + 1);
  }

  @Override
  public VfsFolder resolve(String relative) {
    Path below = Path.of(inside).resolve(PathOrUri.below(relative, location())).normalize();
    return new VfsFolder(caller, scheme, archive, below.toString());
  }

  @Override
  public boolean exists() {
    return ask("look at", FileObject::exists);
  }

  @Override
  public boolean isDirectory() {
    return ask("look at", FileObject::isFolder);
  }

  @Override
  public List<Entry> list() {
    return ask(
        "list",
        file -> {
          requireDirectory(file);
          List<Entry> entries = new ArrayList<>();
          for (FileObject child : children(file)) {
            entries.add(entry(Name.ROOT, child));
          }
          return entries;
        });
  }

  @Override
  public List<Entry> find(Predicate<Entry> wanted) {
    return ask(
        "search",
        file -> {
          requireDirectory(file);
          List<Entry> found = new ArrayList<>();
          collect(Name.ROOT, file, Integer.MAX_VALUE, found);
          found.removeIf(wanted.negate());
          return found;
        });
  }

  @Override
  public String tree(int depth) {
    Drawing drawing = new Drawing(location());
    List<Entry> all =
        ask(
            "draw",
            file -> {
              if (!file.exists()) {
                throw failed("draw", "nothing is there");
              }
              List<Entry> found = new ArrayList<>();
              collect(Name.ROOT, file, depth, found);
              return found;
            });
    all.forEach(entry -> drawing.add(entry.path(), "", entry.type() == Type.DIRECTORY ? "/" : ""));
    return drawing.toString();
  }

  @Override
  public String text() {
    return ask(
        "read",
        file -> {
          if (!file.isFile()) {
            throw failed("read", file.exists() ? "it is a directory" : "no such file in there");
          }
          return LocalText.decode(location(), file.getContent().getByteArray());
        });
  }

  @Override
  public String whyReadOnly() {
    return "archives are only read";
  }

  @Override
  public void copyHere(Path target) {
    Unpack.to(this, target);
  }

  @Override
  public String toString() {
    return location();
  }

  /** Opens the archive, asks about this file or folder in it, and closes it. */
  <T> T ask(String doing, Vfs.Question<T> question) {
    if (!new LocalFolder(caller, archive).exists()) {
      throw failed(doing, archive + ": no such file");
    }
    try (Reached file = caller.reach(archive);
        Vfs vfs = Vfs.open()) {
      if (!Files.isReadable(file.path())) {
        throw failed(doing, archive + ": permission denied")
            .because(new AccessDeniedException(archive.toString()));
      }
      return question.about(vfs.resolve(new VfsFolder(caller, scheme, file.path(), inside)));
    } catch (FileSystemException e) {
      throw failed(doing, Vfs.why(e)).because(e);
    } catch (IOException e) {
      throw failed(doing, String.valueOf(e.getMessage())).because(e);
    }
  }

  private void requireDirectory(FileObject file) throws FileSystemException {
    if (!file.isFolder()) {
      throw failed("list", file.exists() ? "not a directory" : "no such directory in there");
    }
  }

  private static void collect(Name above, FileObject file, int depth, List<Entry> found)
      throws FileSystemException {
    if (depth < 1 || !file.isFolder()) {
      return;
    }
    for (FileObject child : children(file)) {
      Entry entry = entry(above, child);
      found.add(entry);
      collect(entry.path(), child, depth - 1, found);
    }
  }

  /** In order of the names, by bytes as everywhere. */
  private static Collection<FileObject> children(FileObject directory) throws FileSystemException {
    Map<Name, FileObject> sorted = new TreeMap<>();
    for (FileObject child : directory.getChildren()) {
      sorted.put(Vfs.name(child), child);
    }
    return sorted.values();
  }

  private static Entry entry(Name above, FileObject file) throws FileSystemException {
    boolean isDirectory = file.getType() == FileType.FOLDER;
    return new Entry(
        Vfs.name(file).below(above),
        Vfs.type(file),
        isDirectory ? 0 : file.getContent().getSize(),
        Vfs.mode(file),
        Vfs.modified(file));
  }

  private MicaException failed(String doing, String why) {
    return MicaException.failed(doing, location(), why);
  }
}
