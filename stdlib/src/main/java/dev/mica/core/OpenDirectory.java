package dev.mica.core;

import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A directory that is held open. What is done through {@link #path} is done to it, whatever becomes
 * of the path it was opened by: a parent that is renamed or exchanged for a symlink meanwhile leads
 * nobody astray. Messages name it by the path it was opened by.
 */
public final class OpenDirectory implements AutoCloseable {
  private static final Pattern BY_DESCRIPTOR =
      Pattern.compile("/proc/self/fd/(\\d+)(/\\.(?=[/\\s:,;'\")]|$))?");

  private static final String MOUNT_ID = "mnt_id:";

  /**
   * What the kernel says after the path of a directory that was removed; a name may end so, too.
   */
  private static final String REMOVED = " (deleted)";

  /** The paths that those now open were opened by, for {@link #show}. */
  static final Map<Integer, Path> OPENED_BY = new ConcurrentHashMap<>();

  private final int descriptor;
  private final Path openedBy;
  private final Identity identity;
  private final int owner;
  private final int mode;

  private OpenDirectory(int descriptor, Path openedBy, MemorySegment struct) {
    this.descriptor = descriptor;
    this.openedBy = openedBy;
    this.identity = Identity.read(struct, bootId());
    this.owner = struct.get(ValueLayout.JAVA_INT, Identity.UID);
    this.mode = struct.get(ValueLayout.JAVA_INT, Identity.MODE);
    OPENED_BY.put(descriptor, openedBy);
  }

  /** Opens a directory; a symlink as the last component is not followed. */
  public static OpenDirectory of(Path path) {
    return of(path, path.startsWith("/proc/self/fd") ? Path.of(show(path.toString())) : path);
  }

  /** The same, called {@code shown} in messages. */
  public static OpenDirectory of(Path path, Path shown) {
    try (Call call = new Call("open", shown)) {
      MemorySegment where = call.path(path);
      MemorySegment is = call.allocate(Identity.SIZE);
      int descriptor =
          (int)
              call.run(() ->
                  (int) Function.OPEN_DIRECTORY.handle().invokeExact(where, is, call.error()));
      return new OpenDirectory(descriptor, shown, is);
    }
  }

  /**
   * A new directory of a random name in {@code dir}, empty, that nobody else can enter; what it
   * holds is removed later by whoever next tries something in {@code dir}, if we are killed.
   */
  public static OpenDirectory scratch(Path dir) {
    try (Call call = new Call("make a scratch directory in", dir)) {
      MemorySegment where = call.path(dir);
      MemorySegment is = call.allocate(Identity.SIZE);
      int descriptor =
          (int)
              call.run(
                  () -> (int) Function.OPEN_SCRATCH.handle().invokeExact(where, is, call.error()));
      return new OpenDirectory(descriptor, dir, is);
    }
  }

  /**
   * The root of a kernel overlay that is mounted at no place, where only this process reaches it;
   * its target is what messages call it. It goes when it is closed, and files of it that are open
   * can still be read.
   */
  public static OpenDirectory ofOverlay(OverlayMount overlay) {
    try (Call call = new Call("open", overlay.target())) {
      MemorySegment what = overlay.struct(call);
      MemorySegment is = call.allocate(Identity.SIZE);
      int descriptor =
          (int)
              call.run(
                  () -> (int) Function.OVERLAY_OPEN.handle().invokeExact(what, is, call.error()));
      return new OpenDirectory(descriptor, overlay.target(), is);
    }
  }

  /** A directory in it; its name is not followed if a symlink. */
  public OpenDirectory child(Path name) {
    return of(path().resolve(name));
  }

  /** What it is. */
  public Identity identity() {
    return identity;
  }

  /** The user id that owns it. */
  public int owner() {
    return owner;
  }

  /** Its mode, with the file type. */
  public int mode() {
    return mode;
  }

  /** The path it was opened by, for people. */
  public Path openedBy() {
    return openedBy;
  }

  /** A path that leads to it as long as it is open, in this process. */
  public Path path() {
    return Path.of("/proc/self/fd/" + descriptor);
  }

  /**
   * The same for a process that is started meanwhile and may look into this one: a program of root,
   * or of this user. It names the directory itself also where a symlink is not followed.
   */
  public Path pathForOthers() {
    return Path.of("/proc/" + ProcessHandle.current().pid() + "/fd/" + descriptor + "/.");
  }

  /**
   * Its path as the kernel knows it now. Nothing on the way is looked at, so that somebody who
   * exchanges a folder above it meanwhile changes nothing.
   */
  public Path realPath() {
    try {
      Path real = Files.readSymbolicLink(path());
      if (!real.toString().endsWith(REMOVED) || isAt(real)) {
        return real;
      }
    } catch (IOException unreadable) {
      throw MicaException.failed("find", openedBy, Why.of(unreadable)).because(unreadable);
    }
    throw MicaException.failed("find", openedBy, "it was removed");
  }

  private boolean isAt(Path real) {
    try (OpenDirectory there = of(real)) {
      return identity.is(there.identity);
    } catch (MicaException nothing) {
      return false;
    }
  }

  /** The kernel's number for the mount that it was opened on, as in {@link Mount#id}. */
  public int mountId() {
    Path info = Path.of("/proc/self/fdinfo/" + descriptor);
    try (var lines = Files.lines(info)) {
      return lines
          .filter(line -> line.startsWith(MOUNT_ID))
          .map(line -> Integer.parseInt(line.substring(MOUNT_ID.length()).strip()))
          .findFirst()
          .orElseThrow(() -> MicaException.failed("read", info, "it does not name the mount"));
    } catch (IOException hidden) {
      throw MicaException.failed("read", info, "it cannot be read").because(hidden);
    }
  }

  int descriptor() {
    return descriptor;
  }

  /** A text in which paths by descriptor are the paths that were opened. */
  public static String show(String text) {
    if (!text.contains("/proc/self/fd/")) {
      return text;
    }
    Matcher found = BY_DESCRIPTOR.matcher(text);
    return found.replaceAll(match -> {
      Path path = OPENED_BY.get(Integer.parseInt(match.group(1)));
      return Matcher.quoteReplacement(path == null ? match.group() : path.toString());
    });
  }

  /** Which boot of this host it is. */
  public static String bootId() {
    try {
      return Files.readString(Path.of("/proc/sys/kernel/random/boot_id")).strip();
    } catch (IOException hidden) {
      throw MicaException.failed("read", "/proc/sys/kernel/random/boot_id", "it cannot be read")
          .hint("/proc must be mounted")
          .because(hidden);
    }
  }

  @Override
  public void close() {
    OPENED_BY.remove(descriptor, openedBy);
    Call.invoke(() -> {
      Function.CLOSE_DIRECTORY.handle().invokeExact(descriptor);
      return 0;
    });
  }
}
