package dev.mica.folder;

import dev.mica.access.Caller;
import dev.mica.access.Reached;
import dev.mica.core.FileStatus;
import dev.mica.core.FilesBelow;
import dev.mica.core.OpenDirectory;
import dev.mica.core.OpenFile;
import dev.mica.core.OpenFlag;
import dev.mica.failure.MicaException;
import dev.mica.remote.RemoteStatus;
import dev.mica.remote.SftpClient;
import dev.mica.text.PathBytes;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.List;

/**
 * Copies a local place to another host: under another name beside it, which is removed if that
 * fails, and renamed when it is whole. Somebody may change the local place meanwhile: a file is
 * read by the descriptor it was looked at by, and all lies below the directory that was opened.
 */
final class Upload {
  /** Without setuid and setgid: the owner is another one there. */
  private static final int KEPT = 01777;

  private static final int NEW_DIRECTORY = 0700;
  private static final int NEW_FILE = 0600;
  private static final int RANDOM = 8;

  /** Something that was made there, with what is set once nothing more is put into it. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Made(byte[] path, Type type, int mode, long modified) {}

  private final FilesBelow files;
  private final byte[] from;
  private final SftpFolder target;
  private final byte[] scratch;
  private final SftpClient client;
  private final List<Made> made = new ArrayList<>();

  private Upload(
      FilesBelow files, byte[] from, SftpFolder target, byte[] scratch, SftpClient client) {
    this.files = files;
    this.from = from;
    this.target = target;
    this.scratch = scratch;
    this.client = client;
  }

  static void of(Caller caller, Path source, SftpFolder target) {
    String doing = "copy " + PathBytes.printable(source) + " to";
    try (Reached place = caller.reachName(source);
        OpenDirectory base =
            place.isDirectory() ? OpenDirectory.of(place.path(), source) : place.openParent()) {
      // Nothing beside a directory that is copied can be reached from it, whatever its owner does.
      byte[] from = place.isDirectory() ? new byte[] {'.'} : PathBytes.ofName(source);
      String shown = PathBytes.printable(base.openedBy());
      FilesBelow files = new FilesBelow(base, shown.endsWith("/") ? shown : shown + "/");
      boolean _ =
          target.ask(
              doing,
              client -> {
                requireFree(client, doing, target);
                byte[] scratch = target.bytes(scratchBeside(target));
                new Upload(files, from, target, scratch, client).run();
                return true;
              });
    }
  }

  private static void requireFree(SftpClient client, String doing, SftpFolder target)
      throws IOException {
    try {
      RemoteStatus _ = client.linkStatus(target.bytes());
    } catch (NoSuchFileException free) {
      return;
    }
    throw MicaException.failed(doing, target, "something is there already")
        .hint("choose a path where nothing is yet");
  }

  private static Path scratchBeside(SftpFolder target) {
    byte[] random = new byte[RANDOM];
    new SecureRandom().nextBytes(random);
    return target.inside().resolveSibling(".mica-" + HexFormat.of().formatHex(random));
  }

  private void run() throws IOException {
    try {
      copyAll();
      for (Made each : made.reversed()) {
        if (each.type == Type.SYMLINK) {
          client.describeLink(each.path, each.modified);
        } else {
          client.describe(each.path, each.mode, each.modified);
        }
      }
      client.rename(scratch, target.bytes());
    } catch (IOException | RuntimeException | Error failure) {
      undo(failure);
      throw failure;
    }
  }

  /** What cannot be undone because the connection is gone stays there, under a name of ours. */
  private void undo(Throwable failure) {
    for (Made each : made.reversed()) {
      try {
        if (each.type == Type.DIRECTORY) {
          client.removeDirectory(each.path);
        } else {
          client.remove(each.path);
        }
      } catch (IOException left) {
        failure.addSuppressed(left);
        return;
      }
    }
  }

  private void copyAll() throws IOException {
    Deque<byte[]> left = new ArrayDeque<>();
    left.push(new byte[0]);
    while (!left.isEmpty()) {
      byte[] below = left.pop();
      try (OpenFile file = open(below, OpenFlag.ENTRY, OpenFlag.NOFOLLOW)) {
        if (copied(below, file)) {
          names(below).reversed().forEach(left::push);
        }
      }
    }
  }

  private OpenFile open(byte[] below, OpenFlag first, OpenFlag... more) {
    return FilesBelow.open(files.at(joined(from, below)), EnumSet.of(first, more), 0);
  }

  /** Makes it there; whether it is a directory. */
  private boolean copied(byte[] below, OpenFile file) throws IOException {
    FileStatus status = file.status();
    byte[] there = joined(scratch, below);
    Type type = new Stat(status.mode(), 0, Instant.EPOCH).type();
    Made one = new Made(there, type, status.mode() & KEPT, status.modified());
    switch (type) {
      case DIRECTORY -> {
        client.makeDirectory(there, NEW_DIRECTORY);
        made.add(one);
        return true;
      }
      case SYMLINK -> {
        client.makeLink(there, file.linkText());
        made.add(one);
      }
      case FILE -> {
        made.add(one);
        // What was looked at, and not what has its name by now.
        try (InputStream content = Files.newInputStream(file.path(Path.of(file.toString())))) {
          client.write(there, NEW_FILE, content);
        }
      }
      case FIFO, SOCKET, BLOCK_DEVICE, CHARACTER_DEVICE ->
          throw MicaException.failed("copy", file, "it is a device or a pipe");
    }
    return false;
  }

  private List<byte[]> names(byte[] below) {
    List<Name> names = new ArrayList<>();
    try (OpenFile directory = open(below, OpenFlag.LIST)) {
      for (var some = directory.next(); !some.isEmpty(); some = directory.next()) {
        some.forEach(entry -> names.add(Name.of(entry.name())));
      }
    }
    return names.stream().sorted().map(name -> joined(below, name.bytes())).toList();
  }

  private static byte[] joined(byte[] above, byte[] below) {
    if (above.length == 0 || below.length == 0) {
      return above.length == 0 ? below : above;
    }
    byte[] path = Arrays.copyOf(above, above.length + 1 + below.length);
    path[above.length] = '/';
    System.arraycopy(below, 0, path, above.length + 1, below.length);
    return path;
  }
}
