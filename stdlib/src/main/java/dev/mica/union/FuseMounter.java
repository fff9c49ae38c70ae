package dev.mica.union;

import dev.mica.core.Capability;
import dev.mica.core.Core;
import dev.mica.core.Mount;
import dev.mica.core.MountFlag;
import dev.mica.core.Mounts;
import dev.mica.core.OpenDirectory;
import dev.mica.core.Tree;
import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Mounts by the program {@code fuse-overlayfs}, for users who may not mount overlays by the kernel.
 */
final class FuseMounter implements Mounter {
  static final String PROGRAM = "fuse-overlayfs";
  private static final long START_SECONDS = 30;
  private static final long END_SECONDS = 10;
  private static final long SOON_SECONDS = 3;

  @Override
  public UnionSpec.Via via() {
    return UnionSpec.Via.FUSE;
  }

  @Override
  public Optional<Refusal> refusal(
      OpenDirectory place, Function<OpenDirectory, Set<Capability>> probe) {
    if (!Files.isReadable(Path.of("/dev/fuse")) || !Files.isWritable(Path.of("/dev/fuse"))) {
      return Optional.of(
          Refusal.because("/dev/fuse cannot be opened by " + System.getProperty("user.name")));
    }
    return program().isPresent()
        ? Optional.empty()
        : Optional.of(Refusal.because("the program " + PROGRAM + " is not in PATH"));
  }

  @Override
  public Optional<Refusal> trial(OpenDirectory directory) {
    Optional<Refusal> refusal = refusal(directory, place -> Core.probe(place.path()));
    if (refusal.isPresent()) {
      return refusal;
    }
    try (FuseTrial trial = new FuseTrial(this, directory)) {
      return trial.run().map(Refusal::because);
    } catch (IOException broken) {
      return Optional.of(Refusal.because("in " + directory.openedBy() + ": " + Why.of(broken)));
    } catch (MicaException failure) {
      return Optional.of(Refusal.because(failure.why()));
    }
  }

  static Optional<Path> program() {
    return Stream.of(System.getenv().getOrDefault("PATH", "/usr/bin:/bin").split(":"))
        .filter(directory -> !directory.isEmpty())
        .map(directory -> Path.of(directory, PROGRAM))
        .filter(Files::isExecutable)
        .findFirst();
  }

  @Override
  public void mount(MountRequest request) {
    requireEnded(request.union());
    if (Core.isPrivileged()) {
      requireSafe(request);
    }
    mount(request.union());
  }

  /**
   * The program takes a path as text and opens it, also the path of a descriptor. Somebody could
   * make the path lead elsewhere meanwhile. If nobody else can change a directory on the way, the
   * path still leads to the directory that was compared.
   */
  private static void requireSafe(MountRequest request) {
    UnionRecord union = request.union();
    List<Path> all = new ArrayList<>(union.stack());
    all.add(union.at());
    if (union.work() != null) {
      all.add(union.work());
    }
    for (Path path : all) {
      if (!SafePath.is(path)) {
        throw failed(
                union,
                "another user can change the way to "
                    + path
                    + ", which "
                    + PROGRAM
                    + " of root would follow")
            .hint("say via kernel, or have that folder below folders of root's");
      }
    }
  }

  /**
   * One that was unmounted by hand ends soon. If its mount point was moved together with the mount,
   * it is served as before.
   */
  private static void requireEnded(UnionRecord union) {
    List<Long> left = awaitEnd(union, SOON_SECONDS);
    if (!left.isEmpty()) {
      throw failed(union, "process " + left.getFirst() + " (" + PROGRAM + ") serves it already")
          .hint("unmount what that one serves (findmnt -t fuse." + PROGRAM + ")");
    }
  }

  void mount(UnionRecord union) {
    if (String.valueOf(union.upper()).indexOf(':') >= 0) {
      throw failed(union, PROGRAM + " cannot have a ':' in its upper's path " + union.upper());
    }
    try (Aliases aliases = new Aliases()) {
      StringBuilder options = new StringBuilder("lowerdir=");
      String between = "";
      for (Path lower : union.lowers()) {
        options.append(between).append(aliases.of(lower));
        between = ":";
      }
      if (union.upper() != null && union.work() != null) {
        options.append(",upperdir=").append(aliases.of(union.upper()));
        options.append(",workdir=").append(aliases.of(union.work()));
      }
      forbidden(union).forEach(flag -> options.append(',').append(flag));
      run(union, List.of(PROGRAM, "-o", options.toString(), union.at().toString()));
    } catch (IOException broken) {
      throw failed(union, Why.of(broken)).because(broken);
    }
  }

  /** What the mounts of its layers forbid, as options; the program of root forbids only devices. */
  private static Set<String> forbidden(UnionRecord union) throws IOException {
    ResolvedPath.Finder finder = new ResolvedPath.Finder();
    Set<String> words = new TreeSet<>();
    for (Path layer : union.stack()) {
      for (MountFlag flag : finder.flags(layer.toRealPath())) {
        switch (flag) {
          case NOSUID -> words.add("nosuid");
          case NODEV -> words.add("nodev");
          case NOEXEC -> words.add("noexec");
          default -> {}
        }
      }
    }
    return words;
  }

  /** Once the program has mounted, it goes on in the background, in a session of its own. */
  private static void run(UnionRecord union, List<String> command) throws IOException {
    Process process =
        new ProcessBuilder(command).redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
    try {
      process.getOutputStream().close();
      if (!process.waitFor(START_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        throw failed(union, PROGRAM + " did not mount it within " + START_SECONDS + " s");
      }
      if (process.exitValue() != 0) {
        throw failed(union, PROGRAM + " says: " + lastWords(process));
      }
    } catch (InterruptedException stop) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
      throw failed(union, "interrupted").because(stop);
    }
  }

  private static String lastWords(Process process) throws IOException {
    String all =
        new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    return all.lines()
        .filter(line -> !line.startsWith("unknown argument"))
        .reduce((a, b) -> b)
        .orElse("nothing, exit status " + process.exitValue());
  }

  private static MicaException failed(UnionRecord union, String why) {
    return MicaException.failed("mount the union " + union.name() + " at", union.at(), why);
  }

  /**
   * Waits until the daemon has ended, because it may still be writing when umount(2) has returned.
   */
  @Override
  public void unmount(UnionRecord union, Mount mount) {
    Unmounter.unmountFuse(union, mount);
    awaitDaemon(union);
  }

  /**
   * The upper has marks that only this program reads: {@code .wh..wh..opq} files and origin xattrs.
   */
  @Override
  public Tree tree(UnionRecord union, List<Path> stack) {
    return Tree.plain(union.at());
  }

  @Override
  public boolean upperIsLayer() {
    return false;
  }

  /** Waits until no program is about to mount there whose starter was killed. */
  static void awaitMount(UnionRecord union) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(END_SECONDS);
    while (!daemons(union.at()).isEmpty()
        && !UnionMounts.isServed(union, Mounts.all())
        && System.nanoTime() < deadline) {
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
    }
  }

  /** Waits until the daemons of that mount point have ended; fails if one does not end. */
  static void awaitDaemon(UnionRecord union) {
    List<Long> left = awaitEnd(union, END_SECONDS);
    if (!left.isEmpty()) {
      throw failed(union, "process " + left.getFirst() + " (" + PROGRAM + ") does not end");
    }
  }

  /** Waits for so many seconds until they have ended; those that have not. */
  private static List<Long> awaitEnd(UnionRecord union, long seconds) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
    List<Long> left = daemons(union.at());
    while (!left.isEmpty() && System.nanoTime() < deadline) {
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
      left = daemons(union.at());
    }
    return left;
  }

  /** The processes of the program for that mount point, also those that have not mounted it yet. */
  static List<Long> daemons(Path at) {
    List<Long> found = new ArrayList<>();
    try (DirectoryStream<Path> all = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
      for (Path process : all) {
        String words = commandLine(process);
        if (words.endsWith("\0" + at + "\0")
            && Path.of(words.substring(0, words.indexOf('\0'))).endsWith(PROGRAM)) {
          found.add(Long.parseLong(process.getFileName().toString()));
        }
      }
    } catch (IOException broken) {
      throw MicaException.failed("look for " + PROGRAM + " in", "/proc", Why.of(broken))
          .because(broken);
    }
    return found;
  }

  private static String commandLine(Path process) {
    try {
      return new String(Files.readAllBytes(process.resolve("cmdline")), StandardCharsets.UTF_8);
    } catch (IOException gone) {
      return "";
    }
  }

  /**
   * The program cannot take a path with ':' or ',', quoted or not. Such a path is given by a
   * symlink, which is needed only until the program has opened it. (The path of the upper it
   * resolves first, and then splits at ':'.)
   */
  private static final class Aliases implements AutoCloseable {
    private @Nullable Path directory;
    private final List<Path> links = new ArrayList<>();

    Path of(Path path) throws IOException {
      if (path.toString().chars().noneMatch(c -> c == ':' || c == ',' || c == '\\')) {
        return path;
      }
      if (directory == null) {
        directory = Files.createTempDirectory("mica-fuse-");
      }
      Path link = directory.resolve(Integer.toString(links.size()));
      links.add(Files.createSymbolicLink(link, path));
      return link;
    }

    @Override
    public void close() throws IOException {
      for (Path link : links) {
        Files.deleteIfExists(link);
      }
      if (directory != null) {
        Files.deleteIfExists(directory);
      }
    }
  }
}
