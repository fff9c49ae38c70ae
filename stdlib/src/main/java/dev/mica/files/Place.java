package dev.mica.files;

import dev.mica.container.VmTree;
import dev.mica.core.FileHandle;
import dev.mica.core.FilesBelow;
import dev.mica.core.OpenFlag;
import dev.mica.failure.MicaException;
import java.util.Set;

/** Where a path leads to below a folder, union, commit or VM, and what can be done there. */
sealed interface Place {
  /** Opens what is there; the result must be closed. */
  FileHandle open(Set<OpenFlag> how, int mode);

  void makeDirectory(int mode);

  void makeLink(byte[] text);

  void remove(boolean directory);

  void link(Place to);

  void rename(Place to, boolean replace);

  /** On this host. */
  final class Local implements Place {
    private final FilesBelow.At at;

    Local(FilesBelow.At at) {
      this.at = at;
    }

    @Override
    public FileHandle open(Set<OpenFlag> how, int mode) {
      return FilesBelow.open(at, how, mode);
    }

    @Override
    public void makeDirectory(int mode) {
      FilesBelow.makeDirectory(at, mode);
    }

    @Override
    public void makeLink(byte[] text) {
      FilesBelow.makeLink(at, text);
    }

    @Override
    public void remove(boolean directory) {
      FilesBelow.remove(at, directory);
    }

    @Override
    public void link(Place to) {
      FilesBelow.link(at, other(to).at);
    }

    @Override
    public void rename(Place to, boolean replace) {
      FilesBelow.rename(at, other(to).at, replace);
    }

    private Local other(Place to) {
      if (to instanceof Local local) {
        return local;
      }
      throw apart(at);
    }
  }

  /** In a VM. */
  final class Guest implements Place {
    private final VmTree tree;
    private final byte[] path;

    Guest(VmTree tree, byte[] path) {
      this.tree = tree;
      this.path = path;
    }

    @Override
    public FileHandle open(Set<OpenFlag> how, int mode) {
      return tree.open(path, how, mode);
    }

    @Override
    public void makeDirectory(int mode) {
      tree.makeDirectory(path, mode);
    }

    @Override
    public void makeLink(byte[] text) {
      tree.makeLink(path, text);
    }

    @Override
    public void remove(boolean directory) {
      tree.remove(path, directory);
    }

    @Override
    public void link(Place to) {
      tree.link(path, other(to).path);
    }

    @Override
    public void rename(Place to, boolean replace) {
      tree.rename(path, other(to).path, replace);
    }

    private Guest other(Place to) {
      if (to instanceof Guest guest && guest.tree == tree) {
        return guest;
      }
      throw apart("a file of a VM");
    }
  }

  private static MicaException apart(Object from) {
    return MicaException.failed("move", from, "it would leave its VM, or get into one")
        .hint("copy it");
  }
}
