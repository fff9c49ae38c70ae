package dev.mica.container;

import dev.mica.access.Reached;
import dev.mica.core.LayerFlag;
import dev.mica.core.LayerTar;
import dev.mica.core.OpenDirectory;
import dev.mica.core.ScratchDirectory;
import dev.mica.core.TarLimits;
import dev.mica.core.Tars;
import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import dev.mica.folder.Folder;
import dev.mica.text.PathBytes;
import dev.mica.vm.stream.Attachable;
import dev.mica.vm.stream.ProcessStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Copies between this host and a container. Both ways use a tar that is first stored on this host:
 * nothing is put anywhere before all of it has arrived. Paths in the container are looked up there.
 * What comes from the container is unpacked by the core, which follows no link, into a directory
 * that nobody else can enter, and gets its name in the target's folder, which is held open.
 */
record Copying(Vms vms, VmRecord vm) {
  /** How much of the other side's messages is kept. */
  private static final int WORDS = 1 << 16;

  private static final int BUFFER = 1 << 16;

  Folder out(String path, Folder target) {
    return vms.change("copy from the VM", vm.name(), () -> copyOut(path, target));
  }

  private Folder copyOut(String path, Folder target) {
    String doing = "copy " + path + " from the VM";
    Path spool = vms.life(vm).spool();
    try (Reached to = vms.caller().reachTarget(target.path());
        OpenDirectory folder = folderFor(doing, to)) {
      boolean into = to.isDirectory();
      try {
        receive(doing, vms.life(vm).copy("copy from", exec -> exec.send(path)), spool);
        Path name = place(doing, folder, spool, into ? null : to.named().getFileName());
        return Folder.of(vms.caller(), folder.openedBy().resolve(name));
      } finally {
        boolean _ = Files.deleteIfExists(spool);
      }
    } catch (IOException broken) {
      throw MicaException.failed(doing, vm.name(), Why.of(broken)).because(broken);
    }
  }

  private OpenDirectory folderFor(String doing, Reached to) {
    return to.isDirectory()
        ? OpenDirectory.of(to.path().resolve("."), to.named())
        : parentOf(doing, to);
  }

  private OpenDirectory parentOf(String doing, Reached to) {
    if (!to.hasParent()) {
      String parent = PathBytes.printable(to.named().resolveSibling(""));
      throw MicaException.failed(doing, vm.name(), "there is no folder " + parent);
    }
    return to.openParent();
  }

  private void receive(String doing, Attachable process, Path spool) throws IOException {
    ByteArrayOutputStream said = new Said();
    try (ProcessStream stream = process.stream();
        OutputStream file = Files.newOutputStream(spool, StandardOpenOption.CREATE_NEW)) {
      boolean _ = stream.endInput();
      require(doing, stream.run(file, said), said);
    } catch (InterruptedException stop) {
      throw interrupted(doing, stop);
    }
  }

  /** Unpacks beside the target, and then gives it its name: {@code as}, or the one that it has. */
  private Path place(String doing, OpenDirectory folder, Path spool, @Nullable Path as)
      throws IOException {
    Set<LayerFlag> flags = EnumSet.of(LayerFlag.NAMES, LayerFlag.OWN);
    try (ScratchDirectory scratch = new ScratchDirectory(folder)) {
      Path whole = scratch.path().resolve("whole");
      LayerTar _ = Tars.read(spool, whole, TarLimits.NONE, flags);
      Path entry = only(doing, whole);
      Path name = as == null ? entry.getFileName() : as;
      Path target = folder.path().resolve(name);
      if (Files.exists(target, LinkOption.NOFOLLOW_LINKS)
          && (Files.isDirectory(target, LinkOption.NOFOLLOW_LINKS)
              || Files.isDirectory(entry, LinkOption.NOFOLLOW_LINKS))) {
        throw MicaException.failed(
                doing, vm.name(), folder.openedBy().resolve(name) + " is there already")
            .hint("choose a path where nothing is yet");
      }
      Path _ = Files.move(entry, target, StandardCopyOption.ATOMIC_MOVE);
      return name;
    }
  }

  private Path only(String doing, Path scratch) throws IOException {
    try (Stream<Path> all = Files.list(scratch)) {
      List<Path> entries = all.toList();
      if (entries.size() != 1) {
        throw MicaException.failed(
            doing, vm.name(), "its guest sent " + entries.size() + " entries, not one");
      }
      return entries.getFirst();
    }
  }

  void in(Folder source, String path) {
    Folder _ =
        vms.change(
            "copy to the VM",
            vm.name(),
            () -> {
              copyIn(source, path);
              return source;
            });
  }

  private void copyIn(Folder source, String path) {
    String doing = "copy " + source + " to the VM";
    Path whole = source.path();
    Path name = whole.getFileName();
    if (name == null) {
      throw MicaException.usage(doing, vm.name(), "name what is in " + whole + ", not all of it");
    }
    Path spool = vms.life(vm).spool();
    try (Reached from = vms.caller().reachName(whole);
        OpenDirectory folder = from.openParent()) {
      try {
        LayerTar _ = Tars.writeEntry(folder, name, spool);
        send(doing, vms.life(vm).copy("copy to", exec -> exec.receive(path, false)), spool);
      } finally {
        boolean _ = Files.deleteIfExists(spool);
      }
    } catch (IOException broken) {
      throw MicaException.failed(doing, vm.name(), Why.of(broken)).because(broken);
    }
  }

  private void send(String doing, Attachable process, Path spool) throws IOException {
    ByteArrayOutputStream said = new Said();
    AtomicReference<@Nullable IOException> failed = new AtomicReference<>();
    try (ProcessStream stream = process.stream()) {
      Thread sending = Thread.ofVirtual().start(() -> send(stream, spool, failed));
      ProcessStream.Exit exit = stream.run(said, said);
      sending.interrupt();
      sending.join();
      IOException broken = failed.get();
      if (broken != null) {
        throw broken;
      }
      require(doing, exit, said);
    } catch (InterruptedException stop) {
      throw interrupted(doing, stop);
    }
  }

  private static void send(
      ProcessStream stream, Path spool, AtomicReference<@Nullable IOException> failed) {
    byte[] bytes = new byte[BUFFER];
    try (InputStream file = Files.newInputStream(spool)) {
      boolean heard = true;
      for (int some = file.read(bytes); some > 0 && heard; some = file.read(bytes)) {
        heard = stream.input(bytes, 0, some);
      }
      boolean _ = stream.endInput();
    } catch (IOException broken) {
      failed.set(broken);
      stream.close(); // half a tar is useless
    } catch (InterruptedException ended) {
      Thread.currentThread().interrupt(); // it has ended, and takes no more
    }
  }

  private void require(String doing, ProcessStream.Exit exit, ByteArrayOutputStream said) {
    if (exit.shellStatus() != 0) {
      String words = said.toString(StandardCharsets.UTF_8).strip();
      int line = words.lastIndexOf('\n');
      throw MicaException.failed(
          doing,
          vm.name(),
          words.isEmpty()
              ? "what copies in its guest ended with " + exit.shellStatus()
              : words.substring(line + 1));
    }
  }

  private MicaException interrupted(String doing, InterruptedException stop) {
    Thread.currentThread().interrupt();
    return MicaException.failed(doing, vm.name(), "interrupted").because(stop);
  }

  /** Keeps only the last part of the messages, so that no guest can fill our memory. */
  private static final class Said extends ByteArrayOutputStream {
    @Override
    public synchronized void write(byte[] bytes, int offset, int length) {
      if (count + length > WORDS) {
        reset();
      }
      super.write(bytes, offset, Math.min(length, WORDS));
    }
  }
}
