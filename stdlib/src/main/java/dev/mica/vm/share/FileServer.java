package dev.mica.vm.share;

import dev.mica.core.OpenDirectory;
import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import dev.mica.state.Records;
import dev.mica.vm.process.Daemon;
import dev.mica.vm.process.Program;
import dev.mica.vm.qemu.Qemu;
import dev.mica.vm.qemu.Qmp;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * virtiofsd, started by {@code mica-launch}. It serves one folder over a socket, and sees nothing
 * else of this host. It ends by itself when QEMU hangs up.
 *
 * @param directory where its process id and logs are
 * @param sockets where QEMU finds its socket
 */
public record FileServer(Path directory, Path sockets, String tag) {
  public static final String FIX =
      "apt install qemu-system-common, or virtiofsd where that is a package;"
          + " or name one in MICA_VIRTIOFSD";

  /** The path of the shared folder in the server's root. */
  private static final String SHARED = "/shared";

  private static final String NAMED = "MICA_VIRTIOFSD";

  /** What is remembered about the program. */
  private static final String NOTE = "virtiofsd";

  /** The paths at which Debian and other distributions install it. */
  private static final String[] PLACES = {
    "/usr/libexec/virtiofsd", "/usr/lib/virtiofsd", "/usr/lib/qemu/virtiofsd", "virtiofsd"
  };

  /** More than any host has, so it is no limit. */
  private static final long MANY = Integer.MAX_VALUE;

  private static final Pattern OPEN_FILES = Pattern.compile("^Max open files +(\\d{1,18}) ");

  /**
   * The state of a stopped process in proc(5), after its name, which may contain anything. It was
   * stopped by a signal or by a debugger.
   */
  private static final Pattern STOPPED = Pattern.compile("\\) [Tt] [^)]*$");

  private static final Duration START = Duration.ofSeconds(30);

  /** Which of the two programs of that name it is: their options are different. */
  enum Make {
    /** The one of QEMU up to 7. */
    C,
    /** Its successor. */
    RUST;

    /** The make, which its help text shows. */
    static Make of(String help) {
      return help.contains("--shared-dir") ? RUST : C;
    }

    /** Each file is asked only once, because that takes as long as starting it. */
    private static Make of(Path program, Records cache) {
      String stamp = Program.stamp(program);
      Optional<Make> known =
          cache
              .find(NOTE)
              .filter(note -> note.path("program").asString("").equals(stamp))
              .flatMap(note -> called(note.path("make").asString("")));
      if (known.isPresent()) {
        return known.get();
      }
      Make make = of(Program.run(Path.of("/"), List.of(program.toString(), "--help")));
      cache.put(NOTE, Records.object().put("program", stamp).put("make", make.name()));
      return make;
    }

    private static Optional<Make> called(String name) {
      return Stream.of(values()).filter(make -> make.name().equals(name)).findFirst();
    }

    /**
     * Whether a guest of that QEMU can use it. The program in Rust drops what the guest sends to a
     * queue before it is told to enable that queue. QEMU tells it from 7.2 on, but until 8.2 lets
     * the guest go on before the program has heard it: sometimes the first mount would hang.
     */
    boolean goesWith(Qmp.Version qemu) {
      return this == C || !qemu.isAtLeast(7, 2) || qemu.isAtLeast(8, 2);
    }
  }

  /** The one that {@code MICA_VIRTIOFSD} names; otherwise one at a usual path. */
  public static Optional<Path> program(Map<String, String> environment) {
    String named = environment.getOrDefault(NAMED, "");
    return named.isEmpty()
        ? Program.find(PLACES)
        : Optional.of(Path.of(named).toAbsolutePath()).filter(Files::isExecutable);
  }

  /** Why there can be no share on this host. */
  public static Optional<MicaException> refusal(Map<String, String> environment) {
    if (program(environment).isPresent()) {
      return Optional.empty();
    }
    String named = environment.getOrDefault(NAMED, "");
    return Optional.of(
        named.isEmpty()
            ? MicaException.failed("find the program", "virtiofsd", "it is not installed").hint(FIX)
            : MicaException.failed("use the program of " + NAMED, named, "it cannot be run")
                .hint("name the file of a virtiofsd"));
  }

  Path socket() {
    return sockets.resolve(tag + ".sock");
  }

  public Daemon daemon() {
    return new Daemon(directory.resolve(tag + ".pid"));
  }

  /**
   * Starts it. After this, its socket accepts connections. It serves the directory that is open
   * here, even if its path leads elsewhere by now.
   *
   * @param together whether it serves several directories, as 0, 1 and so on in one that nobody can
   *     write to; otherwise there is only one
   */
  void start(
      Map<String, String> environment,
      Records cache,
      Qmp.Version qemu,
      List<OpenDirectory> folders,
      boolean together,
      Use use) {
    refusal(environment)
        .ifPresent(no -> {
          throw no;
        });
    Path program = program(environment).orElseThrow();
    Path launch = Program.ours("mica-launch");
    Make make = Make.of(program, cache);
    if (!make.goesWith(qemu)) {
      throw MicaException.failed(
              "use the program", program, "with QEMU " + qemu + " it loses what the guest asks")
          .hint("use QEMU 8.2 or later, or the virtiofsd of QEMU up to 7");
    }
    List<String> command = new ArrayList<>(List.of(launch.toString()));
    if (use.readOnly() && !together) {
      command.add("--read-only");
    }
    if (use.isVolume()) {
      command.add("--no-set-id");
    }
    for (OpenDirectory folder : folders) {
      command.addAll(List.of(together ? "--layer" : "--folder", folder.pathForOthers().toString()));
    }
    command.addAll(List.of("--listen", socket().toString()));
    command.addAll(List.of("--pid", daemon().pidFile().toString()));
    command.addAll(List.of("--log", directory.resolve(tag + ".log").toString(), "--"));
    command.add(program.toString());
    command.addAll(options(make, use));
    daemon().start(command, directory, directory.resolve(tag + ".out"), START);
    try {
      Qemu.admit(socket());
    } catch (IOException broken) {
      throw MicaException.failed("share", folders.getFirst().openedBy(), Why.of(broken))
          .because(broken);
    }
  }

  /**
   * The capabilities that it is started with. CAP_SYS_ADMIN is for trusted xattrs, in which
   * overlayfs keeps its marks, in lowers as well. The server of a lower lacks what only a writer
   * needs. But it has CAP_FOWNER, because overlayfs copies up with O_NOATIME, which only an owner
   * may use. Users of this host can see what the server of a volume makes, so it cannot make
   * devices or set-id programs. And without CAP_FSETID such a program loses its rights when it is
   * written to.
   */
  static List<String> options(Make make, Use use) {
    return switch (make) {
      case C ->
          List.of(
              "--fd=3",
              "-o",
              "source=" + SHARED,
              "-o",
              "sandbox=namespace,xattr,posix_acl,no_flock,no_posix_lock,cache=" + use.cacheOfC(),
              "-o",
              "modcaps=" + use.capabilities());
      case RUST ->
          List.of(
              "--fd=3",
              "--shared-dir=" + SHARED,
              "--sandbox=namespace",
              "--seccomp=kill",
              "--xattr",
              "--posix-acl",
              "--inode-file-handles=never",
              "--cache=" + use.cacheOfRust(),
              "--modcaps=" + use.capabilities());
    };
  }

  /**
   * How many files the server of that process can have open: one for each that the guest remembers.
   * The second of its two processes opens them.
   */
  public static long openFiles(long pid) {
    Optional<ProcessHandle> server = ProcessHandle.of(pid);
    return Stream.concat(server.stream(), server.stream().flatMap(ProcessHandle::descendants))
        .mapToLong(process -> limit(Path.of("/proc", Long.toString(process.pid()), "limits")))
        .min()
        .orElse(MANY);
  }

  private static long limit(Path limits) {
    try (Stream<String> lines = Files.lines(limits)) {
      return limit(lines);
    } catch (IOException | UncheckedIOException ended) {
      return MANY; // the code that watches the server will report it
    }
  }

  /** The limit in force, from proc(5). */
  static long limit(Stream<String> limits) {
    return limits
        .map(OPEN_FILES::matcher)
        .filter(Matcher::find)
        .mapToLong(found -> Long.parseLong(found.group(1)))
        .filter(files -> files < MANY)
        .findFirst()
        .orElse(MANY);
  }

  /**
   * Whether the server of that process, or the second of its two processes, was stopped: then it
   * does not answer.
   */
  public static boolean isStopped(long pid) {
    String id = Long.toString(pid);
    return (id + " " + proc(id, "task", id, "children"))
        .lines()
        .flatMap(line -> Stream.of(line.split(" ")))
        .anyMatch(each -> STOPPED.matcher(proc(each, "stat")).find());
  }

  /** The text of a file of proc(5); empty if the process is gone. */
  private static String proc(String... names) {
    try {
      return Files.readString(Path.of("/proc", names), StandardCharsets.ISO_8859_1).strip();
    } catch (IOException gone) {
      return "";
    }
  }

  /** Ends it and removes its files here, except its log. */
  void stop() {
    daemon().kill();
    for (Path file : List.of(socket(), directory.resolve(tag + ".out"))) {
      try {
        Files.deleteIfExists(file);
      } catch (IOException broken) {
        throw MicaException.failed("remove", file, Why.of(broken)).because(broken);
      }
    }
  }
}
