package dev.mica.helper;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mica.core.Core;
import dev.mica.core.OpenDirectory;
import dev.mica.core.Tree;
import dev.mica.state.StateDir;
import dev.mica.test.Scratch;
import dev.mica.test.ScratchTest;
import dev.mica.union.Helper;
import dev.mica.union.UnionSpec;
import dev.mica.vm.Machine;
import dev.mica.vm.MachineSpec;
import dev.mica.vm.share.FileServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Unions of more files than the file servers can have open. */
final class FewFilesTest extends ScratchTest {
  private static final int OPEN = 640;
  private static final int FILES = 800;

  private Machine machine;
  private Helper helper;

  @BeforeEach
  void make() throws IOException {
    require(UnionSpec.Via.GUEST);
    Map<String, String> environment = new HashMap<>(System.getenv());
    environment.put("MICA_VIRTIOFSD", limited(FileServer.program(environment).orElseThrow()));
    StateDir state = StateDir.at(scratch.path("home"));
    machine = Machine.of(state, MachineSpec.HELPER, environment);
    helper = new HelperServer(state, machine);
    for (int i = 0; i < FILES; i++) {
      scratch.file("low/many/" + i, "below");
    }
  }

  @AfterEach
  void stop() {
    for (String at : List.of("s", "t")) {
      Scratch.run(
          "sh",
          "-c",
          "! mountpoint -q \"$1\" || umount -l \"$1\"",
          "-",
          scratch.path(at).toString());
    }
    machine.kill();
  }

  /** Both servers take that option, and ask for many without it. */
  private String limited(Path server) throws IOException {
    Path script =
        scratch.file(
            "server", "#!/bin/sh\nexec " + server + " --rlimit-nofile=" + OPEN + " \"$@\"\n");
    Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwx------"));
    return script.toString();
  }

  private Path mount(String name, String aside) {
    scratch.dir(aside + "/upper");
    scratch.dir(aside + "/work");
    Path at = scratch.dir(name);
    try (OpenDirectory low = OpenDirectory.of(scratch.path("low"));
        OpenDirectory shared = OpenDirectory.of(scratch.path(aside));
        OpenDirectory upper = OpenDirectory.of(scratch.path(aside + "/upper"));
        OpenDirectory point = OpenDirectory.of(at)) {
      helper.mount(new Helper.Served(name, List.of(low), shared, upper, point, name));
    }
    return at.resolve("many");
  }

  @Test
  void theGuestForgetsFilesInTime() throws IOException {
    Path one = mount("s", "a");
    Path other = mount("t", "b");
    assertThat(machine.shares())
        .hasSize(3)
        .allSatisfy(share -> assertThat(FileServer.openFiles(share.pid())).isEqualTo(OPEN));
    assertThat(Core.treeDigest(Tree.plain(one))).isEqualTo(Core.treeDigest(Tree.plain(other)));
    for (int i = 0; i < FILES; i++) {
      Files.writeString(one.resolve("new" + i), "made");
      if (i % 4 == 0) {
        Files.writeString(one.resolve(Integer.toString(i)), "changed");
        Files.delete(other.resolve(Integer.toString(i)));
      }
    }
    assertThat(names(one)).hasSize(2 * FILES);
    assertThat(names(other)).hasSize(FILES - FILES / 4);
    for (int i = 0; i < FILES; i++) {
      assertThat(one.resolve(Integer.toString(i))).hasContent(i % 4 == 0 ? "changed" : "below");
      assertThat(one.resolve("new" + i)).hasContent("made");
    }
    assertThat(List.of(helper.problem("s"), helper.problem("t"))).containsOnly(Optional.empty());
  }

  private static List<Path> names(Path folder) throws IOException {
    try (Stream<Path> all = Files.list(folder)) {
      return all.toList();
    }
  }
}
