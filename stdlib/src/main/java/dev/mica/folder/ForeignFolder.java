package dev.mica.folder;

import dev.mica.access.Caller;
import dev.mica.access.Role;
import dev.mica.failure.MicaException;
import java.nio.file.Path;
import java.util.List;

/** What lies in no file system of this host, and so can only be looked at and copied. */
sealed interface ForeignFolder extends Folder permits VfsFolder, SftpFolder {
  /** Why nothing can be written there in place. */
  String whyReadOnly();

  Caller caller();

  /** Copies it to a path of this host, where nothing may be. */
  void copyHere(Path target);

  @Override
  default Folder copyTo(Folder target) {
    Path to = target.path();
    caller().run(Role.OPERATOR, "copy " + location() + " to", to, () -> copyHere(to));
    return target;
  }

  private MicaException readOnly(String doing) {
    return MicaException.usage(doing, location(), whyReadOnly());
  }

  private MicaException local(String doing) {
    return MicaException.usage(doing, location(), "that takes a local folder")
        .hint("copy it to one first");
  }

  @Override
  default Path path() {
    throw MicaException.usage("use", location(), "only a local folder can be used here")
        .hint("copy it to a local folder first");
  }

  @Override
  default void write(String text) {
    throw readOnly("write");
  }

  @Override
  default Diff diff(Folder other) {
    throw local("compare");
  }

  @Override
  default Diff diffExact(Folder other) {
    throw local("compare");
  }

  @Override
  default String digest() {
    throw local("digest");
  }

  @Override
  default Folder create() {
    throw readOnly("make the directory");
  }

  @Override
  default void delete() {
    throw readOnly("remove");
  }

  @Override
  default List<Path> layers() {
    throw local("mount");
  }

  @Override
  default String label() {
    return location();
  }
}
