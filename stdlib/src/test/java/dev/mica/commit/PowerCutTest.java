package dev.mica.commit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mica.Mica;
import dev.mica.container.Vm;
import dev.mica.folder.Folder;
import dev.mica.test.Child;
import dev.mica.test.Scratch;
import dev.mica.test.ScratchTest;
import dev.mica.union.Union;
import dev.mica.union.UnionSpec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What was said to be done is done also if the power fails at that moment: by the calls that were
 * made until then, and by what the disks hold.
 */
final class PowerCutTest extends ScratchTest {
  private static final String NAMES =
      "mkdir,mkdirat,rename,renameat,renameat2,symlink,symlinkat,link,linkat,unlink,unlinkat,rmdir";
  private static final String SYNCS = "fsync,fdatasync,syncfs";
  private static final String OPENS = "open,openat,openat2,dup,fcntl";

  /** As {@code strace -f -y -o} writes it: thread, call, arguments, and a result that succeeded. */
  private static final Pattern CALL =
      Pattern.compile("^\\d+ +([a-z0-9_]+)\\((.*)\\) += (\\d+)(?:<(.*)>)?$");

  /** Its two halves where another thread's call was written in between. */
  private static final Pattern BEGUN =
      Pattern.compile("^(\\d+) +(\\w+)\\((.*) <unfinished \\.\\.\\.>$");

  private static final Pattern ENDED = Pattern.compile("^(\\d+) +<\\.\\.\\. (\\w+) resumed>(.*)$");

  /** A directory's descriptor with its path, or none, and a name. */
  private static final Pattern NAME =
      Pattern.compile("(?:(?:AT_FDCWD|\\d+)<([^>]*)>, )?\"((?:[^\"\\\\]|\\\\.)*)\"");

  private static final Pattern OWN_DESCRIPTOR = Pattern.compile("/proc/self/fd/(\\d+)(/.*)?");

  /**
   * Whose loss does not matter: what is written anew by the next one, what only tries something,
   * and what the removal of removed things has still in hand, which {@code gc} goes on with.
   */
  private static final Pattern NO_LOSS =
      Pattern.compile(
          ".*/(scratch|reserve(\\.\\d)?|owner|lock|objects)"
              + "|.*/\\.mica-probe-.*|.*\\.mica-(trial|before|making)(/.*)?|.*/trash/.*"
              + "|.*\\.mica-work/.*");

  /**
   * The calls, each in one line. Two threads' calls may overlap, and a flush is sure to cover only
   * what was done before it began: so a flush stands where it began, and another where it ended.
   */
  private static List<String> whole(List<String> log) {
    List<String> calls = new ArrayList<>(log);
    Map<String, Integer> begun = new HashMap<>();
    for (int at = 0; at < log.size(); at++) {
      Matcher first = BEGUN.matcher(log.get(at));
      Matcher second = ENDED.matcher(log.get(at));
      if (first.matches()) {
        begun.put(first.group(1), at);
      } else if (second.matches()) {
        int start = Objects.requireNonNull(begun.remove(second.group(1)), log.get(at));
        String call = log.get(start).replace(" <unfinished ...>", second.group(3));
        calls.set(List.of(SYNCS.split(",", -1)).contains(second.group(2)) ? start : at, call);
      }
    }
    return calls;
  }

  /** The last name that was changed in each directory since it was last flushed. */
  private Map<Path, String> unflushed(List<String> log) {
    Map<Integer, Path> descriptors = new HashMap<>();
    Map<Path, String> changed = new LinkedHashMap<>();
    int flushes = 0;
    for (String line : whole(log)) {
      Matcher call = CALL.matcher(line);
      if (!call.matches()) {
        continue;
      }
      if (call.group(4) != null) {
        descriptors.put(Integer.valueOf(call.group(3)), Path.of(call.group(4)));
      }
      String name = call.group(1);
      if (List.of(NAMES.split(",", -1)).contains(name) || makes(name, call.group(2))) {
        names(call.group(2), descriptors).stream()
            .filter(path -> path.startsWith(scratch.path("")))
            .filter(path -> !NO_LOSS.matcher(path.toString()).matches())
            .forEach(path -> {
              changed.remove(path); // of a directory that goes nothing that was in it matters
              changed.put(path.getParent(), name + " " + path);
            });
      } else if (List.of(SYNCS.split(",", -1)).contains(name)) {
        Path flushed = Path.of(call.group(2).replaceFirst("^\\d+<(.*)>$", "$1"));
        flushes++;
        changed.keySet().removeIf(directory -> name.equals("syncfs") || directory.equals(flushed));
      }
    }
    assertThat(flushes).isPositive();
    return changed;
  }

  /** Whether an open may have made the file. */
  private static boolean makes(String name, String arguments) {
    return name.startsWith("open") && arguments.contains("O_CREAT");
  }

  private static List<Path> names(String arguments, Map<Integer, Path> descriptors) {
    List<Path> found = new ArrayList<>();
    Matcher name = NAME.matcher(arguments);
    while (name.find()) {
      Path in = name.group(1) == null ? Path.of("/") : Path.of(name.group(1));
      Path path = in.resolve(name.group(2));
      Matcher own = OWN_DESCRIPTOR.matcher(path.toString());
      if (own.matches() && own.group(2) != null) {
        Path directory = descriptors.get(Integer.valueOf(own.group(1)));
        path =
            Objects.requireNonNull(directory, () -> "no descriptor of " + arguments)
                .resolve(own.group(2).substring(1));
      }
      found.add(path);
    }
    return found;
  }

  /**
   * Every directory in which a name was made, changed or removed was flushed afterwards. A commit
   * by reflink makes the same calls as one by copy.
   */
  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "REFLINK")
  void everyNameIsFlushedBeforeItIsSaidToBeDone(CrashStep.Operation operation) throws Exception {
    CrashSituation before = new CrashSituation(scratch, operation);
    Path log = scratch.path("home").resolveSibling("calls");
    List<String> command = new ArrayList<>(List.of("strace", "-f", "-y", "-s", "4096", "-o"));
    command.addAll(List.of(log.toString(), "-e", "trace=" + String.join(",", NAMES, SYNCS, OPENS)));
    command.addAll(Child.command(CrashStep.class, operation, scratch.path("")));
    assertThat(Child.start(command).waitFor()).isZero();
    List<String> calls = Files.readAllLines(log);
    Files.delete(log);
    assertThat(unflushed(calls)).isEmpty();
    before.check(true);
  }

  /** That it would be seen. */
  @Test
  void aNameThatIsNotFlushedIsFound() {
    Path root = scratch.path("");
    List<String> calls =
        List.of(
            "7 openat(AT_FDCWD</>, \"%s/in\", O_PATH) = 5<%s/in>".formatted(root, root),
            "7 mkdir(\"%s/a\", 0755) = 0".formatted(root),
            "7 mkdir(\"/proc/self/fd/5/b\", 0755) = 0",
            "7 mkdirat(5<%s/in>, \"c\", 0755) = -1 EEXIST (File exists)".formatted(root),
            "7 fsync(9<%s>) = 0".formatted(root),
            "7 rename(\"%s/in/x\", \"%s/out/y\") = 0".formatted(root, root),
            "7 fsync(9<%s/out> <unfinished ...>".formatted(root),
            "8 mkdir(\"%s/out/late\", 0755 <unfinished ...>".formatted(root),
            "8 <... mkdir resumed>) = 0",
            "7 <... fsync resumed>) = 0",
            "8 mkdir(\"%s/flushed/d\", 0755 <unfinished ...>".formatted(root),
            "7 getpid() = 7",
            "8 <... mkdir resumed>) = 0",
            "8 fsync(9<%s/flushed> <unfinished ...>".formatted(root),
            "8 <... fsync resumed>) = 0");
    assertThat(unflushed(calls))
        .containsOnly(
            Map.entry(root.resolve("in"), "rename " + root + "/in/x"),
            Map.entry(root.resolve("out"), "mkdir " + root + "/out/late"));
  }

  private void disk(String name, String type, int megabytes) {
    Path at = scratch.fileSystem(name, type, megabytes);
    Scratch.run("sync", "-f", at.toString());
  }

  /** What the disks hold at this moment is all there is; and the host was booted again. */
  private void cutPower(int time) {
    for (String name : List.of("store", "work")) {
      Path image = scratch.path(name + (time == 1 ? ".img" : "." + (time - 1)));
      Scratch.run("cp", "--sparse=always", image.toString(), scratch.path(name + "." + time) + "");
    }
    scratch.awaitDigests(); // which keep the store busy, and may come to their end: it was copied
    scratch.mounts().reversed().forEach(target -> Scratch.run("umount", target));
    for (String name : List.of("store", "work")) {
      Path image = scratch.path(name + "." + time);
      Scratch.run("mount", "-o", "loop", image.toString(), scratch.path(name).toString());
    }
    String boot = Scratch.read(Path.of("/proc/sys/kernel/random/boot_id")).strip();
    try (var records = Files.walk(scratch.path("store/home"))) {
      records
          .filter(file -> file.toString().endsWith(".json"))
          .forEach(file -> Scratch.write(file, Scratch.read(file).replace(boot, "another" + time)));
    } catch (IOException broken) {
      throw new UncheckedIOException(broken);
    }
    mica = Mica.open(scratch.path("store/home"));
  }

  /** Upper and store on two disks: neither's journal orders the other's. */
  @ParameterizedTest
  @ValueSource(strings = {"ext4", "xfs", "btrfs"})
  void afterAPowerCutTheDisksHaveWhatWasDone(String type) throws IOException {
    disk("work", type, 320);
    disk("store", "ext4", 64);
    mica = Mica.open(scratch.path("store/home"));
    scratch.file("lower/file", "lower");
    Path at = scratch.path("work/at");
    mica.unions()
        .create(
            new UnionSpec(
                "u",
                List.of(Folder.of(scratch.path("lower"))),
                Folder.of(scratch.path("work/up")),
                null,
                Folder.of(at),
                UnionSpec.Via.KERNEL));
    Vm _ = mica.vms().create(CrashStep.vm(scratch.path(""), "web"));
    cutPower(1);
    assertThat(mica.vms().get("web").state()).isEqualTo(Vm.State.CREATED);
    Scratch.run(
        "sh", "-c", "e2fsck -fn '" + scratch.path("store/home") + "'/containers/*/disk.img");
    Union union = mica.unions().get("u");
    assertThat(scratch.path("work/up")).isDirectory();
    union.remount();
    assertThat(union.state()).isEqualTo(Union.State.MOUNTED);

    Scratch.write(at.resolve("new/file"), "new");
    Scratch.run("sync", at.resolve("new/file").toString(), at.resolve("new").toString());
    Scratch.run("sync", at.toString());
    String id = mica.commits().create(union, "web:v1", "").id();
    cutPower(2);
    assertThat(mica.commits().list()).extracting(Commit::id).containsExactly(id);
    Commit commit = mica.commits().get("web:v1");
    assertThat(Scratch.read(commit.layer().resolve("new/file"))).isEqualTo("new");
    mica.unions().get("u").remount();
    assertThat(Scratch.read(at.resolve("new/file"))).isEqualTo("new");

    mica.unions().get("u").remove();
    commit.remove();
    cutPower(3);
    assertThat(mica.unions().list()).isEmpty();
    assertThat(mica.commits().list()).isEmpty();
    assertThat(Scratch.read(scratch.path("work/up/new/file"))).isEqualTo("new");
  }
}
