package dev.mica.host;

import dev.mica.core.Capability;
import dev.mica.core.Core;
import dev.mica.core.Mounts;
import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import dev.mica.helper.HelperVm;
import dev.mica.state.StateDir;
import dev.mica.union.Union;
import dev.mica.union.UnionSpec;
import dev.mica.union.Unions;
import dev.mica.vm.Machine;
import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The checks of {@code mica doctor}. Nearly each of them tries the thing itself and reports the
 * result; only the check of the JDK compares a version.
 */
final class Doctor {
  private static final int NEEDED_JAVA = 25;
  private static final String AOT_CACHE = "-XX:AOTCache=";
  private static final long LITTLE_SPACE = 1L << 30;
  private static final Set<Capability> KEPT_BY_LAYERS =
      EnumSet.of(
          Capability.USER_XATTR,
          Capability.WHITEOUT,
          Capability.HARDLINK,
          Capability.NANOSECONDS,
          Capability.CASE,
          Capability.ACL);

  private final StateDir state;
  private final Unions unions;
  private final HelperVm helper;
  private final Supplier<List<Machine.Part>> parts;
  private final Supplier<List<MicaException>> damaged;

  /**
   * The checks of a state directory.
   *
   * @param parts finds the parts of VMs
   * @param damaged finds the records that cannot be read, and the reasons
   */
  Doctor(
      StateDir state,
      Unions unions,
      HelperVm helper,
      Supplier<List<Machine.Part>> parts,
      Supplier<List<MicaException>> damaged) {
    this.state = state;
    this.unions = unions;
    this.helper = helper;
    this.parts = parts;
    this.damaged = damaged;
  }

  List<Check> checks() {
    List<Check> checks = new ArrayList<>();
    checks.add(java());
    checks.add(aotCache(commandLine(), System.getProperty("java.vm.info", "")));
    checks.add(tried("C core", "build it: make build", this::core));
    if (checks.getLast().status() == Check.Status.MISSING) {
      return checks; // all that follows goes through it
    }
    Path store = nearest(state.path());
    checks.add(privilege());
    checks.add(tried("kernel overlay", "run as root", () -> kernelOverlay(store)));
    checks.add(tried("fuse overlay", "apt install fuse-overlayfs fuse3", this::fuseOverlay));
    checks.add(
        tried(
            "helper VM", "repair the parts below, or see mica helper log", () -> helperVm(store)));
    checks.addAll(parts(parts.get()));
    checks.add(tried("unions", "mica union remount --all", this::unionsWork));
    checks.addAll(leftovers());
    checks.addAll(damaged.get().stream().map(Doctor::damagedRecord).toList());
    checks.add(tried("store", "name another directory in MICA_HOME", () -> store(store)));
    checks.add(tried("reflink", "put MICA_HOME on xfs or btrfs", () -> reflink(store)));
    checks.add(tried("store space", "free some, or move MICA_HOME", () -> space(store)));
    checks.add(tried("temporary space", "free some", () -> space(temporary())));
    checks.add(locale());
    return checks;
  }

  /** A check that may fail with an error, which is then its result. */
  private static Check tried(String name, String fix, Supplier<Finding> check) {
    Finding finding;
    try {
      finding = check.get();
    } catch (MicaException failure) {
      finding = new Finding(Check.Status.MISSING, String.valueOf(failure.getMessage()), fix);
    }
    String mend = finding.fix != null ? finding.fix : fix;
    return new Check(
        name, finding.status, finding.detail, finding.status == Check.Status.OK ? null : mend);
  }

  private record Finding(Check.Status status, String detail, @Nullable String fix) {
    static Finding ok(String detail) {
      return new Finding(Check.Status.OK, detail, null);
    }

    static Finding limited(String detail) {
      return new Finding(Check.Status.LIMITED, detail, null);
    }

    static Finding missing(String detail) {
      return new Finding(Check.Status.MISSING, detail, null);
    }
  }

  private static Check java() {
    String version = System.getProperty("java.vm.name") + " " + Runtime.version();
    boolean old = Runtime.version().feature() < NEEDED_JAVA;
    return new Check(
        "JDK",
        old ? Check.Status.MISSING : Check.Status.OK,
        version,
        old ? "install a JDK " + NEEDED_JAVA + " or newer" : null);
  }

  /**
   * Whether the JVM uses what the build recorded for a quick start.
   *
   * @param words the process's command line
   * @param info what the JVM says of itself: "sharing" only if the cache it was given fits
   */
  static Check aotCache(List<String> words, String info) {
    Optional<String> given =
        words.stream().filter(word -> word.startsWith(AOT_CACHE)).reduce((a, b) -> b);
    String cache = given.map(word -> word.substring(AOT_CACHE.length())).orElse("none");
    boolean fits = given.isPresent() && info.contains("sharing");
    String why = given.isPresent() ? " does not fit this JDK or these jars" : " was made";
    return new Check(
        "AOT cache",
        fits ? Check.Status.OK : Check.Status.LIMITED,
        cache + (fits ? " is used" : why + ", so every start takes longer"),
        fits ? null : "make build");
  }

  private static List<String> commandLine() {
    Path words = Path.of("/proc/self/cmdline");
    try {
      return List.of(Files.readString(words, StandardCharsets.ISO_8859_1).split("\0"));
    } catch (IOException broken) {
      throw MicaException.failed("read", words, Why.of(broken)).because(broken);
    }
  }

  private Finding core() {
    try {
      return Finding.ok("loaded; it sees " + Mounts.all().size() + " mounts");
    } catch (LinkageError notThere) {
      return Finding.missing(String.valueOf(notThere.getMessage()));
    }
  }

  private static Check privilege() {
    boolean admin = Core.isPrivileged();
    String user = System.getProperty("user.name");
    return new Check(
        "privilege",
        admin ? Check.Status.OK : Check.Status.LIMITED,
        user + (admin ? ", may mount" : ", may not mount but through fuse"),
        admin ? null : "run as root for kernel unions");
  }

  private Finding kernelOverlay(Path store) {
    Optional<String> refusal = unions.refusal(UnionSpec.Via.KERNEL, store);
    if (refusal.isPresent()) {
      return Finding.missing(refusal.get());
    }
    boolean user = Core.probe(store).contains(Capability.OVERLAY_USER);
    return Finding.ok("an upper at " + store + " works" + (user ? ", with user xattrs too" : ""));
  }

  /** Tries it with a union that it makes and removes. */
  private Finding fuseOverlay() {
    Optional<String> refusal = unions.refusal(UnionSpec.Via.FUSE, temporary());
    if (refusal.isPresent()) {
      boolean device = refusal.get().contains("/dev/fuse");
      return new Finding(
          Check.Status.MISSING, refusal.get(), device ? "chmod 666 /dev/fuse" : null);
    }
    return Finding.ok("a union mounted, changed a file, and unmounted");
  }

  private static List<Check> parts(List<Machine.Part> parts) {
    return parts.stream()
        .map(part ->
            new Check(
                part.name(),
                part.works()
                    ? Check.Status.OK
                    : part.fatal() ? Check.Status.MISSING : Check.Status.LIMITED,
                part.found(),
                part.fix().isEmpty() ? null : part.fix()))
        .toList();
  }

  /** Checks it without booting it, which would take seconds. */
  private Finding helperVm(Path store) {
    Optional<String> refusal = unions.refusal(UnionSpec.Via.GUEST, store);
    if (refusal.isPresent()) {
      return Finding.missing(refusal.get());
    }
    Machine.State now = helper.state();
    return switch (now) {
      case NONE -> Finding.ok("all that it needs is there; it does not run");
      case RUNNING -> Finding.ok("it runs, and serves " + helper.unions().size() + " unions");
      case PAUSED, STUCK -> Finding.limited("it is " + word(now));
    };
  }

  /**
   * The operations that were cut short and wait for a decision, each with the two commands, one of
   * which settles it.
   */
  private List<Check> leftovers() {
    return state.leftovers().stream()
        .map(left ->
            new Check(
                "leftover " + left.id(),
                Check.Status.LIMITED,
                left.operation() + " (" + String.join(", ", left.objects()) + "): " + left.why(),
                String.join(" or ", left.settling())))
        .toList();
  }

  /** A damaged record, by its file, with the command that goes on without it. */
  private static Check damagedRecord(MicaException bad) {
    Path file = Path.of(bad.object());
    return new Check(
        "record " + file.subpath(file.getNameCount() - 2, file.getNameCount()),
        Check.Status.LIMITED,
        file + ": " + bad.why(),
        "put it back from a backup, or mv "
            + quoted(file)
            + " "
            + quoted(Path.of(file + ".damaged")));
  }

  /** The text as a word of a shell command. */
  private static String quoted(Path file) {
    String text = file.toString();
    return text.matches("[A-Za-z0-9_./+-]+") ? text : "'" + text.replace("'", "'\\''") + "'";
  }

  private Finding unionsWork() {
    List<String> problems = new ArrayList<>();
    List<Union> all = unions.list();
    for (Union union : all) {
      union.problem().ifPresent(problem -> problems.add(union.name() + ": " + problem));
    }
    return problems.isEmpty()
        ? Finding.ok("none of " + all.size() + " has a problem")
        : Finding.limited(String.join("; ", problems));
  }

  private static Finding store(Path store) {
    Set<Capability> missing = EnumSet.copyOf(KEPT_BY_LAYERS);
    missing.removeAll(Core.probe(store));
    if (missing.isEmpty()) {
      return Finding.ok("the file system of " + store + " keeps all that a layer has");
    }
    return Finding.limited("the file system of " + store + " has no " + words(missing));
  }

  private static Finding reflink(Path store) {
    return Core.probe(store).contains(Capability.REFLINK)
        ? Finding.ok("commits of busy unions share their blocks")
        : Finding.limited("no: commits of busy unions copy their files");
  }

  private static Finding space(Path directory) {
    try {
      long free = Files.getFileStore(directory).getUsableSpace();
      String text = String.format(Locale.ROOT, "%.1f GB free at %s", free / 1e9, directory);
      return free < LITTLE_SPACE ? Finding.limited(text) : Finding.ok(text);
    } catch (IOException broken) {
      throw MicaException.failed("look at", directory, Why.of(broken)).because(broken);
    }
  }

  private static Check locale() {
    String encoding = System.getProperty("sun.jnu.encoding", "unknown");
    boolean utf8 =
        Charset.isSupported(encoding) && Charset.forName(encoding).name().equals("UTF-8");
    return new Check(
        "locale",
        utf8 ? Check.Status.OK : Check.Status.LIMITED,
        "paths are " + encoding,
        utf8 ? null : "export LC_ALL=C.UTF-8");
  }

  private static String words(Set<Capability> capabilities) {
    return capabilities.stream().map(Doctor::word).collect(Collectors.joining(", "));
  }

  private static String word(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT).replace('_', ' ');
  }

  private static Path temporary() {
    return Path.of(System.getProperty("java.io.tmpdir"));
  }

  /** The path where the directory is, or would be made. */
  private static Path nearest(Path directory) {
    Path there = directory;
    while (!Files.isDirectory(there) && there.getParent() != null) {
      there = there.getParent();
    }
    return there;
  }
}
