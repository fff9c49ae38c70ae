package dev.mica.image;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mica.Mica;
import dev.mica.commit.Commit;
import dev.mica.test.Child;
import dev.mica.test.Flushes;
import dev.mica.test.NeedsRoot;
import dev.mica.test.Scratch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * kill -9 of a load, an import and a save as they enter a system call that changes something, one
 * chosen at random each time: what is there then is there whole, and the same again works. More
 * kills with {@code -Dmica.rounds=N}.
 */
@NeedsRoot
final class ImageCrashTest {
  private static final String CHANGES =
      "rename,renameat,renameat2,mkdir,mkdirat,unlink,unlinkat,link,linkat,symlinkat,openat,"
          + "fchmod,fchmodat,fchownat,utimensat,fsync,fdatasync,syncfs,write,pwrite64";

  private static final List<String> NAMES = List.of(CHANGES.split(",", -1));

  private static final Pattern CALL = Pattern.compile("^(\\d+) +([a-z0-9_]+)\\(");
  private static final int KILLS = Integer.getInteger("mica.rounds", 2);

  @ParameterizedTest
  @EnumSource
  void killedAnywhereItLeavesAllOrNothing(ImageStep.Operation operation) throws Exception {
    long seed = new Random().nextLong();
    System.out.println("ImageCrashTest " + operation + " seed " + seed);
    Random random = new Random(seed);
    try (Scratch images = new Scratch()) {
      Path image = TestImages.layout(images, "two", 60_000, 30_000);
      Map<String, Integer> calls = calls(operation, image);
      List<String> names = new ArrayList<>(calls.keySet());
      for (int i = 0; i < KILLS; i++) {
        String call = names.get(random.nextInt(names.size()));
        int when = 1 + random.nextInt(calls.getOrDefault(call, 1));
        kill(operation, image, call + ":signal=KILL:when=" + when);
      }
    }
  }

  /** A power cut right after it was said to be done takes nothing away. */
  @ParameterizedTest
  @EnumSource
  void everyNameIsFlushedBeforeItIsSaidToBeDone(ImageStep.Operation operation) throws Exception {
    try (Scratch images = new Scratch();
        Scratch scratch = situation(operation, TestImages.layout(images, "two", 600, 300))) {
      Path log = images.path("calls");
      List<String> command = new ArrayList<>(Flushes.tracing(log));
      command.addAll(Child.command(ImageStep.class, operation, scratch.path("")));
      assertThat(Child.start(command).waitFor()).isZero();
      Flushes flushes = new Flushes(scratch.path(""));
      assertThat(flushes.unflushed(Files.readAllLines(log))).isEmpty();
    }
  }

  /** A state directory, a layout and a tree; for a save the commit of it. */
  private static Scratch situation(ImageStep.Operation operation, Path image) {
    Scratch scratch = new Scratch();
    Scratch.run("cp", "-a", image.toString(), scratch.path("two").toString());
    for (int i = 0; i < 40; i++) {
      scratch.file("tree/dir" + i % 4 + "/file" + i, "text " + i);
    }
    if (isSave(operation)) {
      ImageStep.run(ImageStep.Operation.IMPORT, open(scratch), scratch.path(""));
      scratch.awaitDigests();
    }
    return scratch;
  }

  private static Mica open(Scratch scratch) {
    return Mica.open(scratch.path("home"));
  }

  private static Map<String, Integer> calls(ImageStep.Operation operation, Path image)
      throws Exception {
    try (Scratch scratch = situation(operation, image)) {
      Path log = scratch.path("calls");
      assertThat(start(operation, scratch, log, List.of())).isZero();
      Map<String, Map<String, Integer>> ofThread = new TreeMap<>();
      for (String line : Files.readAllLines(log)) {
        Matcher call = CALL.matcher(line);
        if (call.find() && NAMES.contains(call.group(2))) {
          ofThread
              .computeIfAbsent(call.group(1), _ -> new TreeMap<>())
              .merge(call.group(2), 1, Integer::sum);
        }
      }
      Map<String, Integer> most = new TreeMap<>();
      ofThread.values().forEach(each -> each.forEach((k, n) -> most.merge(k, n, Math::max)));
      assertThat(most).hasSizeGreaterThan(3);
      return most;
    }
  }

  private static int start(
      ImageStep.Operation operation, Scratch scratch, Path log, List<String> kill)
      throws InterruptedException {
    List<String> command =
        new ArrayList<>(List.of("strace", "-f", "-o", log.toString(), "-e", "trace=" + CHANGES));
    command.addAll(kill);
    command.addAll(Child.command(ImageStep.class, operation, scratch.path("")));
    return Child.start(command).waitFor();
  }

  private static void kill(ImageStep.Operation operation, Path image, String kill)
      throws Exception {
    try (Scratch scratch = situation(operation, image)) {
      int status = start(operation, scratch, Path.of("/dev/null"), List.of("-e", "inject=" + kill));
      try {
        check(operation, scratch);
      } catch (AssertionError | RuntimeException failure) {
        throw new AssertionError(operation + " with " + kill + " ended with " + status, failure);
      }
    }
  }

  private static void check(ImageStep.Operation operation, Scratch scratch) throws IOException {
    Mica mica = open(scratch);
    mica.commits().gc();
    assertWhole(mica, scratch);
    Path out = scratch.path("out.tar");
    if (Files.exists(out)) {
      Scratch.run("skopeo", "inspect", "oci-archive:" + out);
      Files.delete(out);
    }
    Path layout = scratch.path("out");
    if (Files.exists(layout.resolve("index.json"))) {
      copy(layout, scratch.path("copy-before"));
    }
    if (!isSave(operation)) {
      mica.commits().removeAll();
    }
    ImageStep.run(operation, mica, scratch.path(""));
    assertWhole(mica, scratch);
    assertThat(mica.commits().list()).hasSize(1);
    assertThat(names(scratch.path(""))).noneMatch(name -> name.startsWith("."));
    if (operation == ImageStep.Operation.SAVE_LAYOUT) {
      assertThat(names(layout)).containsExactlyInAnyOrder("oci-layout", "blobs", "index.json");
      assertThat(names(layout.resolve("blobs/sha256")))
          .hasSize(3)
          .noneMatch(name -> name.startsWith("."));
      copy(layout, scratch.path("copy-after"));
    }
  }

  private static boolean isSave(ImageStep.Operation operation) {
    return operation == ImageStep.Operation.SAVE || operation == ImageStep.Operation.SAVE_LAYOUT;
  }

  /** Compares each blob with its digest. */
  private static void copy(Path layout, Path to) {
    Scratch.run(
        "skopeo", "--insecure-policy", "copy", "--quiet", "oci:" + layout + ":two:v1", "dir:" + to);
  }

  private static void assertWhole(Mica mica, Scratch scratch) throws IOException {
    List<Path> layers = new ArrayList<>();
    for (Commit commit : mica.commits().list()) {
      assertThat(commit.refs()).containsExactly("two:v1");
      assertThat(commit.verify()).noneMatch(Commit.Verified::isBad);
      layers.addAll(commit.layers());
    }
    assertThat(names(scratch.path("home/journal"))).isEmpty();
    assertThat(names(scratch.path("home/layers"))).hasSize(layers.size());
    assertThat(names(scratch.path("home/blobs/parts"))).isEmpty();
    assertThat(names(scratch.path("home/trash"))).isEmpty();
  }

  private static List<String> names(Path directory) throws IOException {
    if (!Files.exists(directory)) {
      return List.of();
    }
    try (Stream<Path> all = Files.list(directory)) {
      return all.map(path -> path.getFileName().toString()).toList();
    }
  }
}
