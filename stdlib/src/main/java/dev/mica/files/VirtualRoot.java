package dev.mica.files;

import dev.mica.access.Caller;
import dev.mica.access.Role;
import dev.mica.commit.Commits;
import dev.mica.container.Vms;
import dev.mica.core.FileChange;
import dev.mica.core.FileHandle;
import dev.mica.core.FileSpace;
import dev.mica.core.FileStatus;
import dev.mica.core.OpenFile;
import dev.mica.core.OpenFlag;
import dev.mica.failure.MicaException;
import dev.mica.state.StateDir;
import dev.mica.text.PathBytes;
import dev.mica.union.Unions;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.Function;

/**
 * The files that a caller reaches from elsewhere: {@code /folders/NAME} are their folders of this
 * host, {@code /unions/NAME} the unions that are mounted, {@code /commits/NAME:TAG} the commits,
 * which nobody changes, {@code /vms/NAME} the VMs that run. Paths are bytes. Each call opens the
 * folder or union anew and goes on below it by descriptors, so that no symlink leads out of it;
 * nothing is held open that is not given back, but for a few commits, until this is closed. Whoever
 * changes something must be an operator.
 */
public final class VirtualRoot implements AutoCloseable {
  private static final FileStatus VIRTUAL = new FileStatus(0, 0, 0, 0040555, 0, 0, 2);
  private static final FileSpace NO_SPACE = new FileSpace(4096, 0, 0, 0, 0, 0, 0, 1, 255);

  private final Caller caller;
  private final Roots roots;
  private final List<String> home;

  /**
   * The files of {@code caller}, whose unions, commits and VMs these are.
   *
   * @param state the state directory
   */
  public VirtualRoot(Caller caller, Unions unions, Commits commits, Vms vms, Path state) {
    this.caller = caller;
    this.roots =
        new Roots(
            caller,
            unions,
            new CommitTrees(caller, commits, StateDir.at(state)),
            new VmTrees(caller, vms));
    this.home = roots.home(caller.folder());
  }

  private VirtualPath path(byte[] path) {
    return VirtualPath.of(path, home);
  }

  /** The absolute path that {@code path} means: the caller's own folder is where it begins. */
  public byte[] absolute(byte[] path) {
    return path(path).bytes();
  }

  /** What is there; of a symlink itself unless {@code follow}. */
  public FileStatus status(byte[] path, boolean follow) {
    VirtualPath of = path(path);
    return of.isVirtual() ? virtual(of) : entry(of, follow, FileHandle::status);
  }

  private FileStatus virtual(VirtualPath path) {
    roots.requireVirtual(path);
    return VIRTUAL;
  }

  /** The space of the file system that {@code path} lies on. */
  public FileSpace space(byte[] path) {
    VirtualPath of = path(path);
    return of.isVirtual() ? NO_SPACE : entry(of, true, FileHandle::space);
  }

  /** The text of a symlink. */
  public byte[] linkText(byte[] path) {
    return entry(real(path(path)), false, FileHandle::linkText);
  }

  /** Changes what is there; of a symlink itself unless {@code follow}. */
  public void change(byte[] path, boolean follow, FileChange change) {
    VirtualPath of = path(path);
    caller.run(
        Role.OPERATOR,
        "change",
        of,
        () -> {
          boolean _ = entry(writable("change", of), follow, file -> changed(of, file, change));
        });
  }

  private boolean changed(VirtualPath of, FileHandle file, FileChange change) {
    file.change(change, maySetId(of));
    return true;
  }

  /**
   * A program that sets its user is a right on this host, which only an admin has; in a VM it is
   * none that who may run programs there would not have.
   */
  private boolean maySetId(VirtualPath of) {
    return caller.role() == Role.ADMIN || of.area().equals(Roots.VMS);
  }

  /** Opens a regular file, which must be closed. */
  public VirtualFile open(byte[] path, Set<OpenFlag> how, int mode) {
    EnumSet<OpenFlag> flags = EnumSet.copyOf(how);
    if (!flags.equals(EnumSet.of(OpenFlag.READ))) {
      flags.add(OpenFlag.WRITE);
    }
    VirtualPath of = path(path);
    if (!maySetId(of)) {
      flags.add(OpenFlag.NO_SET_ID);
    }
    if (!flags.contains(OpenFlag.WRITE)) {
      FileHandle file = below(real(of), at -> at.open(flags, mode));
      return new VirtualFile(
          file,
          change ->
              caller.run(
                  Role.OPERATOR,
                  "change",
                  of,
                  () -> {
                    VirtualPath _ = writable("change", of);
                    boolean _ = changed(of, file, change);
                  }));
    }
    FileHandle file =
        caller.change(
            Role.OPERATOR,
            "write",
            of,
            () -> below(writable("write", of), at -> at.open(flags, mode)));
    return new VirtualFile(
        file,
        change -> {
          boolean _ = changed(of, file, change);
        });
  }

  /** Opens a directory for its names; to be closed. */
  public VirtualNames list(byte[] path) {
    VirtualPath of = path(path);
    if (of.isVirtual()) {
      return new FixedNames(roots.names(of).stream().map(name -> named(of, name)).toList());
    }
    FileHandle file = below(of, at -> at.open(EnumSet.of(OpenFlag.LIST), 0));
    return new VirtualNames() {
      @Override
      public List<OpenFile.Entry> next() {
        return file.next();
      }

      @Override
      public void close() {
        file.close();
      }
    };
  }

  /** A folder that is gone is listed, too; and no commit is mounted for a list of all. */
  private OpenFile.Entry named(VirtualPath in, String name) {
    byte[] bytes = PathBytes.encode(name);
    if (in.area().isEmpty() || in.area().equals(Roots.COMMITS)) {
      return new OpenFile.Entry(bytes, VIRTUAL);
    }
    try {
      VirtualPath object = new VirtualPath(List.of(in.area(), name));
      return new OpenFile.Entry(bytes, entry(object, true, FileHandle::status));
    } catch (MicaException gone) {
      return new OpenFile.Entry(bytes, VIRTUAL);
    }
  }

  /** Makes a directory. */
  public void makeDirectory(byte[] path, int mode) {
    change("make the directory", path, at -> at.makeDirectory(mode));
  }

  /** Makes a symlink with that text. */
  public void makeLink(byte[] path, byte[] text) {
    change("make the symlink", path, at -> at.makeLink(text));
  }

  /** Removes an empty directory, or if not {@code directory} anything else. */
  public void remove(byte[] path, boolean directory) {
    change("remove", path, at -> at.remove(directory));
  }

  /** Gives a file another name, on the same file system. */
  public void link(byte[] from, byte[] path) {
    both("link", from, path, Place::link);
  }

  /** Renames; what has the new name already is replaced only if {@code replace}. */
  public void rename(byte[] from, byte[] path, boolean replace) {
    both("rename", from, path, (old, at) -> old.rename(at, replace));
  }

  /** Something that is done below one of the folders. */
  @FunctionalInterface
  private interface Work {
    void at(Place at);
  }

  private void change(String doing, byte[] path, Work work) {
    VirtualPath of = path(path);
    caller.run(Role.OPERATOR, doing, of, () -> work(writable(doing, of), work));
  }

  /** What is done with two names. */
  private void both(String doing, byte[] from, byte[] path, BiConsumer<Place, Place> work) {
    VirtualPath old = path(from);
    VirtualPath of = path(path);
    caller.run(
        Role.OPERATOR,
        doing,
        old + " to " + of,
        () ->
            work(
                writable(doing, old),
                one -> work(writable(doing, of), other -> work.accept(one, other))));
  }

  private void work(VirtualPath path, Work work) {
    boolean _ =
        below(
            path,
            at -> {
              work.at(at);
              return true;
            });
  }

  private <T> T entry(VirtualPath path, boolean follow, Function<FileHandle, T> use) {
    EnumSet<OpenFlag> how = EnumSet.of(OpenFlag.ENTRY);
    if (!follow) {
      how.add(OpenFlag.NOFOLLOW);
    }
    return below(
        path,
        at -> {
          try (FileHandle file = at.open(how, 0)) {
            return use.apply(file);
          }
        });
  }

  private <T> T below(VirtualPath path, Function<Place, T> use) {
    return roots.use(path, use);
  }

  private VirtualPath real(VirtualPath of) {
    if (of.isVirtual()) {
      FileStatus _ = virtual(of);
      throw MicaException.failed("use", of, "it is no file, but a folder of Mica's");
    }
    return of;
  }

  private VirtualPath writable(String doing, VirtualPath of) {
    if (of.isVirtual()) {
      FileStatus _ = virtual(of);
      throw MicaException.denied(doing, of, "only what is in a folder or union can be changed");
    }
    if (of.area().equals(Roots.COMMITS)) {
      throw MicaException.denied(doing, of, "a commit never changes");
    }
    return of;
  }

  @Override
  public void close() {
    roots.close();
  }

  /** Names that are known at once. */
  private static final class FixedNames implements VirtualNames {
    private List<OpenFile.Entry> left;

    FixedNames(List<OpenFile.Entry> names) {
      this.left = names;
    }

    @Override
    public List<OpenFile.Entry> next() {
      List<OpenFile.Entry> all = left;
      left = List.of();
      return all;
    }

    @Override
    public void close() {}
  }
}
