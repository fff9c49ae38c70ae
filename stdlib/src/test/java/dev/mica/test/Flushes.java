package dev.mica.test;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Which names a process made, changed or removed without flushing their directory, by its calls.
 */
public final class Flushes {
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
              + "|.*\\.mica-work/.*"
              + "|.*/audit/(last|\\d{12}\\.jsonl)"); // they are opened as if they had to be made

  private final Path root;

  /** For what is in that directory. */
  public Flushes(Path root) {
    this.root = root;
  }

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

  /** Before the command of the process: its calls come to that file. */
  public static List<String> tracing(Path log) {
    String calls = "trace=" + String.join(",", NAMES, SYNCS, OPENS);
    return List.of("strace", "-f", "-y", "-s", "4096", "-o", log.toString(), "-e", calls);
  }

  /** The last name that was changed in each directory since it was last flushed. */
  public Map<Path, String> unflushed(List<String> log) {
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
            .filter(path -> path.startsWith(root))
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
}
