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
 * virtiofsd, started by {@code mica-launch}: serves one folder over a socket, and sees nothing
 * else. It ends by itself when QEMU hangs up.
 *
 * @param directory of its process id and logs
 * @param sockets where QEMU finds its socket
 */
public record FileServer(Path directory, Path sockets, String tag) {
  public static final String FIX =
      "apt install qemu-system-common, or virtiofsd where that is a package;"
          + " or name one in MICA_VIRTIOFSD";

  /** Where the server finds what it shares, in its root. */
  private static final String SHARED = "/shared";

  private static final String NAMED = "MICA_VIRTIOFSD";

  /** What is kept of the program. */
  private static final String NOTE = "virtiofsd";

  /** Where Debian and others put it. */
  private static final String[] PLACES = {
    "/usr/libexec/virtiofsd", "/usr/lib/virtiofsd", "/usr/lib/qemu/virtiofsd", "virtiofsd"
  };

  /** As many as no host has: that is no limit. */
  private static final long MANY = Integer.MAX_VALUE;

  private static final Pattern OPEN_FILES = Pattern.compile("^Max open files +(\\d{1,18}) ");

  /** In proc(5), after the name, which may have anything in it: by a signal, or a debugger. */
  private static final Pattern STOPPED = Pattern.compile("\\) [Tt] [^)]*$");

  private static final Duration START = Duration.ofSeconds(30);

  /** Which of the two programs of that name it is: they share no option. */
  enum Make {
    /** Of QEMU up to 7. */
    C,
    /** Its successor. */
    RUST;

    /** By what it says about itself. */
    static Make of(String help) {
      return help.contains("--shared-dir") ? RUST : C;
    }

    /** Asked once for each file that is there, for that takes as long as to start it. */
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
     * Whether a guest of that QEMU can use it. The one in Rust drops what the guest sends to a
     * queue that it has not been told to enable. From 7.2 on QEMU tells it so, and until 8.2 lets
     * the guest go on before it has heard: now and then the first mount would hang.
     */
    boolean goesWith(Qmp.Version qemu) {
      return this == C || !qemu.isAtLeast(7, 2) || qemu.isAtLeast(8, 2);
    }
  }

  /** The one that {@code MICA_VIRTIOFSD} names; else one that lies where they are put. */
  public static Optional<Path> program(Map<String, String> environment) {
    String named = environment.getOrDefault(NAMED, "");
    return named.isEmpty()
        ? Program.find(PLACES)
        : Optional.of(Path.of(named).toAbsolutePath()).filter(Files::isExecutable);
  }

  /** Why there can be no share here. */
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
   * Starts it; its socket can be connected to then. What it serves is the directory that is open
   * here, wherever its path leads.
   *
   * @param together whether it serves a directory that has these, called 0, 1 and so on, and nobody
   *     can write to; else there is one
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
   * What it is started with. CAP_SYS_ADMIN is for trusted xattrs: overlayfs has its marks in them,
   * in lowers as well. What only a writer needs, a lower's server is without; but not CAP_FOWNER,
   * since overlayfs copies up with O_NOATIME, an owner's right. What a volume's server makes is
   * there for this host's users, so it can make no device and no program with rights of its own;
   * and without CAP_FSETID a program that had such rights loses them when it is written to.
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
   * Of its two processes the second has them.
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
      return MANY; // which whoever looks after the server will tell
    }
  }

  /** What proc(5) says, the limit that is in force. */
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
   * Whether the server of that process, or the second of its two, was stopped: it answers nothing.
   */
  public static boolean isStopped(long pid) {
    String id = Long.toString(pid);
    return (id + " " + proc(id, "task", id, "children"))
        .lines()
        .flatMap(line -> Stream.of(line.split(" ")))
        .anyMatch(each -> STOPPED.matcher(proc(each, "stat")).find());
  }

  /** Nothing of a process that is gone. */
  private static String proc(String... names) {
    try {
      return Files.readString(Path.of("/proc", names), StandardCharsets.ISO_8859_1).strip();
    } catch (IOException gone) {
      return "";
    }
  }

  /** Ends it and removes what it had here, but its log. */
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
