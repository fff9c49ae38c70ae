package dev.mica.folder;

import dev.mica.access.Caller;
import dev.mica.access.Reached;
import dev.mica.core.Core;
import dev.mica.core.OpenDirectory;
import dev.mica.core.ScratchDirectory;
import dev.mica.failure.MicaException;
import dev.mica.job.Activity;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/**
 * Makes what an untrusted archive or host names, at one path and nowhere else: no name with {@code
 * ..} is taken, and no symbolic link that was made before is followed.
 *
 * <p>It is made in a directory that nobody else can enter, so nobody exchanges what is in it while
 * it gets the owners that the archive says.
 */
final class Extraction {
  /**
   * What an archive says of an entry beside its content.
   *
   * @param mode the permission bits; -1 where it does not say
   * @param uid the owner; -1 where it does not say
   * @param gid the group, likewise
   * @param modified the modification time
   */
  record Meta(int mode, long uid, long gid, FileTime modified) {}

  private record Directory(Path path, Meta meta) {}

  /** Puts it all there. */
  @FunctionalInterface
  interface Filling {
    void fill(Activity activity, Extraction extraction) throws IOException;
  }

  private final String verb;
  private final Path root;
  private final Path target;
  private final List<Directory> directories = new ArrayList<>();
  private final boolean privileged;

  private Extraction(String verb, Path root, Path target, boolean privileged) {
    this.verb = verb;
    this.root = root;
    this.target = target;
    this.privileged = privileged;
  }

  /**
   * All or nothing: {@code target}, where nothing may be, is there when it is whole.
   *
   * @param verb what is done to each of what is in it
   */
  static void of(Caller caller, Folder source, String verb, Path target, Filling filling) {
    String doing = "copy " + source + " to";
    requireFree(caller, doing, target);
    try (Reached place = caller.reachName(target);
        Activity activity =
            Activity.begin(doing + " " + target, OptionalLong.empty(), Activity.Work.NONE);
        OpenDirectory around = place.openParent();
        ScratchDirectory scratch = new ScratchDirectory(around)) {
      boolean privileged = "root".equals(System.getProperty("user.name"));
      Extraction extraction =
          new Extraction(verb, scratch.path().resolve("whole"), target, privileged);
      filling.fill(activity, extraction);
      requireFree(caller, doing, target);
      extraction.finish(around.path().resolve(target.getFileName()));
    } catch (IOException e) {
      throw Failures.of(doing, target, e);
    }
  }

  private static void requireFree(Caller caller, String doing, Path target) {
    if (new LocalFolder(caller, target).exists()) {
      throw MicaException.failed(doing, target, "something is there already")
          .hint("choose a path where nothing is yet");
    }
  }

  void directory(String name, Meta meta) throws IOException {
    Path path = place(name);
    if (!Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
      Files.deleteIfExists(path);
      Files.createDirectory(path);
    }
    directories.add(new Directory(path, meta));
  }

  /** {@code content} is read to its end, to be closed by the caller. */
  void file(String name, Meta meta, InputStream content) throws IOException {
    Path path = vacant(name);
    try (OutputStream out = Files.newOutputStream(path, StandardOpenOption.CREATE_NEW)) {
      content.transferTo(out);
    }
    describe(path, meta);
  }

  void symlink(String name, Meta meta, String text) throws IOException {
    Path path = vacant(name);
    Files.createSymbolicLink(path, PathOrUri.relative(text, "the link " + name));
    own(path, meta);
    Core.setModified(path, meta.modified().toInstant());
  }

  void link(String name, String to) throws IOException {
    Path existing = place(to);
    if (!Files.isRegularFile(existing, LinkOption.NOFOLLOW_LINKS)) {
      throw refused(name, "it is a hard link to " + to + ", which is no file in there");
    }
    Files.createLink(vacant(name), existing);
  }

  /** What only holds once nothing more is put into them; the whole is renamed to {@code as}. */
  private void finish(Path as) throws IOException {
    for (Directory directory : directories.reversed()) {
      if (!directory.path.equals(root)) {
        permit(directory.path, directory.meta);
      }
      Core.setModified(directory.path, directory.meta.modified().toInstant());
    }
    if (!Files.isDirectory(root, LinkOption.NOFOLLOW_LINKS)) {
      Path _ = Files.move(root, as, StandardCopyOption.ATOMIC_MOVE);
      return;
    }
    try (OpenDirectory top = OpenDirectory.of(root, target)) {
      // Before it gets its mode: who is not root cannot rename a directory that he cannot write.
      Path _ = Files.move(root, as, StandardCopyOption.ATOMIC_MOVE);
      for (Directory directory : directories) {
        if (directory.path.equals(root)) {
          permit(top.path().resolve("."), directory.meta);
        }
      }
    }
  }

  /** Where {@code name} goes, nothing being there: as with tar(1) the later of two entries wins. */
  private Path vacant(String name) throws IOException {
    Path path = place(name);
    if (!path.equals(root) && Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
      throw refused(name, "it is a directory and a file");
    }
    Files.deleteIfExists(path);
    return path;
  }

  /** Where {@code name} goes; makes the directories that lead there. */
  private Path place(String name) throws IOException {
    Path path = root;
    for (Path step : PathOrUri.relative("./" + name, "the archive")) {
      if (step.toString().equals("..")) {
        throw refused(name, "its path leads out of the archive");
      }
      if (step.toString().equals(".")) {
        continue;
      }
      enter(path, name);
      path = path.resolve(step);
    }
    return path;
  }

  private void enter(Path directory, String name) throws IOException {
    if (Files.isSymbolicLink(directory)) {
      throw refused(name, "it lies behind the symbolic link " + root.relativize(directory));
    }
    if (!Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)) {
      Files.createDirectory(directory);
    }
  }

  private void describe(Path path, Meta meta) throws IOException {
    permit(path, meta);
    Core.setModified(path, meta.modified().toInstant());
  }

  private void permit(Path path, Meta meta) throws IOException {
    own(path, meta);
    if (meta.mode() >= 0) {
      Files.setAttribute(path, "unix:mode", meta.mode());
    }
  }

  private void own(Path path, Meta meta) throws IOException {
    if (privileged && meta.uid() >= 0) {
      Files.setAttribute(path, "unix:uid", (int) meta.uid(), LinkOption.NOFOLLOW_LINKS);
      Files.setAttribute(path, "unix:gid", (int) meta.gid(), LinkOption.NOFOLLOW_LINKS);
    }
  }

  /** An archive that would be half unpacked is not unpacked. */
  MicaException refused(String name, String why) {
    return MicaException.failed(verb + " " + name + " to", target, why);
  }
}
