package dev.mica.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.mica.Mica;
import dev.mica.test.NeedsRoot;
import dev.mica.test.Nobody;
import dev.mica.test.Scratch;
import dev.mica.test.ScratchTest;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What the checks say, of real machines: this one, small and poor file systems, another user. */
final class DoctorTest extends ScratchTest {
  private static final List<String> NAMES =
      List.of(
          "JDK",
          "AOT cache",
          "C core",
          "privilege",
          "kernel overlay",
          "fuse overlay",
          "helper VM",
          "QEMU",
          "virtiofsd",
          "guest kernel",
          "acceleration",
          "container runtime",
          "first process of containers",
          "disks of VMs",
          "system calls of containers",
          "network of containers",
          "unions",
          "store",
          "reflink",
          "store space",
          "temporary space",
          "locale");

  private static Map<String, String> lines(List<Check> checks) {
    return byName(checks.stream().map(DoctorMain::line).toList());
  }

  private static Map<String, String> byName(List<String> lines) {
    return lines.stream()
        .collect(
            Collectors.toMap(
                line -> line.split(" \\| ", -1)[1], line -> line, (a, b) -> b, LinkedHashMap::new));
  }

  private static Host host(Path home) {
    return Mica.open(home).host();
  }

  @Test
  void everyCheckIsWholeAndNothingIsLeft() {
    Path home = scratch.path("home");
    List<String> mounts = scratch.mounts();
    List<Check> checks = host(home).checks();
    assertThat(checks).extracting(Check::name).containsExactlyElementsOf(NAMES);
    assertThat(checks).allSatisfy(check -> assertThat(check.detail()).isNotBlank());
    assertThat(checks)
        .allSatisfy(check ->
            assertThat(check.fix() == null)
                .as(DoctorMain.line(check))
                .isEqualTo(check.status() == Check.Status.OK));
    assertThat(scratch.mounts()).isEqualTo(mounts);
    assertThat(scratch.path("")).isEmptyDirectory();
  }

  static Stream<Arguments> fileSystems() {
    return Stream.of(
        arguments("xfs", 400, "LIMITED | store space | 0.", "free some, or move MICA_HOME"),
        arguments("xfs", 400, "OK | reflink | commits of busy unions share", "null"),
        arguments("ext4", 20, "LIMITED | reflink | no: ", "put MICA_HOME on xfs or btrfs"),
        arguments("ext4", 20, "OK | store | the file system of ", "null"),
        arguments("ext4", 20, "OK | kernel overlay | an upper at ", "null"));
  }

  @NeedsRoot
  @ParameterizedTest
  @MethodSource("fileSystems")
  void theStoreIsJudgedByItsFileSystem(String type, int megabytes, String begin, String fix) {
    Path home = scratch.fileSystem("disk", type, megabytes);
    String name = begin.split(" \\| ", -1)[1];
    assertThat(lines(host(home).checks()).get(name)).startsWith(begin).endsWith(" | " + fix);
  }

  @NeedsRoot
  @Test
  void aReadOnlyStoreIsMissingWithItsReason() {
    Path home = scratch.fileSystem("disk", "ext4", 20);
    Scratch.run("mount", "-o", "remount,ro", home.toString());
    assertThat(lines(host(home).checks()))
        .hasEntrySatisfying(
            "store",
            line ->
                assertThat(line)
                    .startsWith("MISSING | store | cannot probe " + home + ": Read-only")
                    .endsWith(" | name another directory in MICA_HOME"));
  }

  @NeedsRoot
  @Test
  void rootHasAllThatThisKernelCan() {
    Map<String, String> lines = lines(host(scratch.path("home")).checks());
    assertThat(lines.get("privilege")).startsWith("OK | privilege | root, may mount");
    assertThat(lines.get("kernel overlay")).startsWith("OK");
    assertThat(lines.get("fuse overlay")).startsWith("OK");
  }

  @NeedsRoot
  @Test
  void nobodyHasFuseAndIsToldWhyNotTheKernel() throws Exception {
    Nobody nobody = new Nobody(scratch.path(""));
    Map<String, String> lines = doctor(nobody.java(DoctorMain.class.getName(), List.of()));
    assertThat(lines.keySet()).containsExactlyElementsOf(NAMES);
    assertThat(lines.get("privilege"))
        .isEqualTo(
            "LIMITED | privilege | nobody, may not mount but through fuse"
                + " | run as root for kernel unions");
    assertThat(lines.get("kernel overlay"))
        .startsWith("MISSING | kernel overlay | only root may mount")
        .endsWith(" | run as root");
    assertThat(lines.get("fuse overlay")).startsWith("OK | fuse overlay | a union mounted");
    assertThat(lines.get("store")).startsWith("OK | store | the file system of " + nobody.home());
    assertThat(nobody.home().resolve("tmp")).isEmptyDirectory();
  }

  @NeedsRoot
  @Test
  void nobodyWithoutAHomeIsToldToNameOne() throws Exception {
    Nobody nobody = new Nobody(scratch.path(""));
    String home = scratch.dir("roots").resolve("mica").toString();
    Map<String, String> lines = doctor(nobody.java(DoctorMain.class.getName(), List.of(home)));
    assertThat(lines.get("store"))
        .startsWith(
            "MISSING | store | cannot probe " + scratch.path("roots") + ": Permission denied")
        .endsWith(" | name another directory in MICA_HOME");
  }

  private static Map<String, String> doctor(ProcessBuilder builder) throws Exception {
    Process process = builder.redirectError(ProcessBuilder.Redirect.INHERIT).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(said).isZero();
    return byName(said.lines().toList());
  }

  static Stream<Arguments> caches() {
    return Stream.of(
        arguments(List.of("java", "-XX:AOTCache=/d/m.aot"), "mixed mode, sharing", "OK", "null"),
        arguments(List.of("java", "-XX:AOTCache=/d/m.aot"), "mixed mode", "LIMITED", "make build"),
        arguments(List.of("java"), "mixed mode, sharing", "LIMITED", "make build"));
  }

  @ParameterizedTest
  @MethodSource("caches")
  void aCacheThatDoesNotFitIsSaid(List<String> words, String info, String status, String fix) {
    Check check = Doctor.aotCache(words, info);
    assertThat(check.status()).hasToString(status);
    assertThat(String.valueOf(check.fix())).isEqualTo(fix);
    assertThat(check.detail()).startsWith(words.size() > 1 ? "/d/m.aot " : "none ");
  }

  @Test
  void theHostIsWhatTheKernelSays() {
    Host host = host(scratch.path("home"));
    assertThat(host.name()).isEqualTo(Scratch.run("uname", "-n").strip());
    assertThat(host.kernel()).isEqualTo(Scratch.run("uname", "-r").strip());
    assertThat(host.cpus()).isPositive();
    assertThat(host.memory()).isGreaterThan(64L << 20).isLessThan(1L << 50);
  }
}
