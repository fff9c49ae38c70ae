package dev.mica.samples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.mica.test.Guests;
import dev.mica.test.Nobody;
import dev.mica.test.Scratch;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Runs each sample as a user does, and compares what it prints with what stands beside it. */
@SuppressWarnings("NullAway.Init") // JUnit sets the field
final class SamplesTest {
  private static final Path SAMPLES = Path.of(System.getProperty("mica.root"), "samples");

  @TempDir Path home;

  @AfterEach
  void keep() {
    Guests.keep(home);
  }

  private record Run(int status, String out, String err) {}

  private Run run(String sample) throws IOException, InterruptedException {
    return run(command(sample));
  }

  private ProcessBuilder command(String sample) {
    Guests.into(home);
    String program = SAMPLES.resolveSibling("mica").toString();
    ProcessBuilder builder = new ProcessBuilder(program, SAMPLES.resolve(sample).toString());
    builder.environment().put("MICA_HOME", home.toString());
    return builder;
  }

  private Run run(ProcessBuilder builder) throws IOException, InterruptedException {
    Path err = home.resolveSibling(home.getFileName() + ".err");
    try {
      Process process = builder.redirectError(err.toFile()).start();
      String out = text(process.getInputStream());
      return new Run(process.waitFor(), out, Files.readString(err));
    } finally {
      Files.deleteIfExists(err);
    }
  }

  private static String text(InputStream in) throws IOException {
    return new String(in.readAllBytes(), StandardCharsets.UTF_8);
  }

  private static void needsRoot() {
    boolean root = System.getProperty("user.name").equals("root");
    boolean must = "1".equals(System.getenv("MICA_MUST_WORK"));
    assumeTrue(root || must, "mounting needs root");
  }

  private static List<String> mounts() throws IOException {
    return Files.readAllLines(Path.of("/proc/self/mounts")).stream()
        .filter(line -> line.contains("mica-sample-") || line.contains("mica-tour-"))
        .toList();
  }

  @ParameterizedTest
  @ValueSource(strings = {"folder", "union", "commit"})
  void printsWhatStandsBesideIt(String sample) throws Exception {
    if (!sample.equals("folder")) {
      needsRoot();
    }
    Run run = run(sample + ".groovy");
    assertThat(run.err()).isEmpty();
    assertThat(run.out()).isEqualTo(Files.readString(SAMPLES.resolve(sample + ".out")));
    assertThat(run.status()).isZero();
    assertThat(mounts()).isEmpty();
  }

  /** With the host's own overlayfs declared unavailable. */
  @Test
  void aHostWithoutOverlayfsHasUnionsByTheHelper() throws Exception {
    needsRoot();
    ProcessBuilder builder = command("guest.groovy");
    builder.environment().put("MICA_WITHOUT", "kernel,fuse");
    Run run = run(builder);
    assertThat(run.err()).isEmpty();
    assertThat(run.out()).isEqualTo(Files.readString(SAMPLES.resolve("guest.out")));
    assertThat(run.status()).isZero();
    assertThat(mounts()).isEmpty();
  }

  /** It checks itself, step by step. */
  @Test
  void theDemoOfContainersGoesThroughAndLeavesNothing() throws Exception {
    needsRoot();
    Run run = run("containers.groovy");
    assertThat(run.status()).as(run.out() + run.err()).isZero();
    assertThat(run.out()).contains("both have the manifest sha256:", "left: nothing");
    try (Stream<Path> vms = Files.list(home.resolve("containers"))) {
      assertThat(vms).isEmpty();
    }
  }

  /** It has a server of its own, with a state directory of its own. */
  @Test
  void theDemoOfAServerGoesThroughAndLeavesNothing() throws Exception {
    needsRoot();
    Run run = run("classroom.groovy");
    assertThat(run.status()).as(run.out() + run.err()).isZero();
    assertThat(run.out()).contains("as it must be: nothing of it was changed", "left: nothing");
  }

  @Test
  void theTourGoesThroughAndLeavesNothing() throws Exception {
    needsRoot();
    Run run = run("tour.groovy");
    assertThat(run.err()).isEmpty();
    assertThat(run.status()).isZero();
    assertThat(run.out())
        .contains("added", "the union tour-", "notes.txt", "a configuration", "left: nothing");
    assertThat(mounts()).isEmpty();
  }

  /** By fuse-overlayfs, over copies that are the user's. */
  @Test
  void theTourGoesThroughForOthersThanRoot() throws Exception {
    needsRoot();
    try (Scratch scratch = new Scratch()) {
      Nobody nobody = new Nobody(scratch.path(""));
      Path tour = Files.copy(SAMPLES.resolve("tour.groovy"), nobody.home().resolve("tour.groovy"));
      Run run = run(nobody.java("dev.mica.shell.Main", List.of(tour.toString())));
      assertThat(run.err()).isEmpty();
      assertThat(run.status()).isZero();
      assertThat(run.out())
          .contains("You are not root", "via      fuse", "renamed", "left: nothing");
    }
  }
}
