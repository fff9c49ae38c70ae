package dev.mica.container;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mica.Mica;
import dev.mica.access.Caller;
import dev.mica.access.Role;
import dev.mica.core.Core;
import dev.mica.core.Tree;
import dev.mica.failure.MicaException;
import dev.mica.folder.Folder;
import dev.mica.test.Exchanging;
import dev.mica.test.Guests;
import dev.mica.test.NeedsRoot;
import dev.mica.test.Scratch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A folder on the way of a copy is exchanged for a symlink all the while: in the container for one
 * that would lead into the guest, and in a root of this host for one that leads out of it.
 */
@NeedsRoot
@Timeout(600)
final class VmCopyRaceTest {
  private static final int ROUNDS = "1".equals(System.getenv("MICA_FULL")) ? 50 : 6;

  /** The guest has a folder of that name in its own root, which the container does not see. */
  private static final String OF_GUEST = "shares";

  private static Scratch scratch;
  private static Mica mica;
  private static Mica bounded;
  private static Vm vm;
  private static Path root;

  @BeforeAll
  static void start() throws IOException {
    scratch = new Scratch();
    mica = Mica.open(scratch.path("home"));
    Guests.into(mica.home());
    root = scratch.dir("root");
    Map<String, String> environment = Map.of("HOME", root.toString());
    bounded = mica.as(Caller.of("ann", Role.OPERATOR, root, environment, List.of(root)));
    Folder base = mica.folder(TestRoot.busybox(scratch.dir("base")).withLab().path().toString());
    String program =
        "mkdir -p /t/w/shares /still && echo in >/t/w/shares/in && echo in >/still/in"
            + " && ln -s /proc/1/root /t/link && exec 9</t/w/shares"
            + " && sleep 1000000 | python3 /lab/exchange.py /t/w /t/link";
    vm = mica.vms().create(VmSpec.of("v", base, List.of("sh", "-c", program))).start();
    String begun = vm.exec("sh", "-c", "until [ -e /t/link ]; do :; done; echo begun").output();
    assertThat(begun).isEqualTo("begun\n");
    scratch.file("outside/there/out", "out");
    scratch.file("root/way/there/in", "in");
    Files.createSymbolicLink(root.resolve("link"), scratch.path("outside"));
  }

  @AfterAll
  static void end() {
    vm.kill();
    vm.remove();
    scratch.close();
  }

  /** How often something was done, which is refused while the symlink is in the way. */
  private static int rounds(Runnable copy) {
    int done = 0;
    for (int i = 0; i < ROUNDS; i++) {
      try {
        copy.run();
        done++;
      } catch (MicaException refused) {
        assertThat(refused.kind()).isNotEqualTo(MicaException.Kind.USAGE);
      }
    }
    return done;
  }

  @Test
  void nothingOfTheGuestIsCopied() throws IOException {
    Path to = scratch.dir("got");
    int[] round = {0};
    int done =
        rounds(() -> {
          Folder target = mica.folder(to.resolve("" + round[0]++).toString());
          Folder _ = vm.copyOut("/t/w/" + OF_GUEST, target);
        });
    try (Stream<Path> all = Files.list(to)) {
      List<Path> copies = all.toList();
      assertThat(copies).hasSize(done).allMatch(copy -> Files.exists(copy.resolve("in")));
    }
  }

  @Test
  void nothingIsCopiedIntoTheGuest() {
    Folder source = mica.folder(scratch.file("new", "new\n").toString());
    int[] round = {0};
    int done =
        rounds(() -> {
          Vm _ = vm.copyIn(source, "/t/w/" + OF_GUEST + "/new-" + round[0]++);
        });
    Ran landed = vm.exec("sh", "-c", "ls /proc/1/fd/9/ | grep -c new-");
    assertThat(landed.output().strip()).isEqualTo("" + done);
  }

  @Test
  void nothingOutsideOfTheRootIsRead() throws IOException {
    Vm theirs = bounded.vms().get("v");
    try (Exchanging _ = new Exchanging(root.resolve("way"), root.resolve("link"))) {
      int _ =
          rounds(() -> {
            Vm _ = theirs.copyIn(bounded.folder("way/there"), "/still");
          });
    }
    assertThat(vm.exec("find", "/still", "-name", "out").output()).isEmpty();
  }

  @Test
  void nothingOutsideOfTheRootIsWritten() throws IOException {
    Vm theirs = bounded.vms().get("v");
    String before = Core.treeDigest(Tree.plain(scratch.path("outside"))).digest();
    int[] round = {0};
    try (Exchanging _ = new Exchanging(root.resolve("way"), root.resolve("link"))) {
      int _ =
          rounds(() -> {
            Folder _ = theirs.copyOut("/still/in", bounded.folder("way/in-" + round[0]++));
          });
      int _ =
          rounds(() -> {
            Folder _ = theirs.copyOut("/still/in", bounded.folder("way/there"));
          });
    }
    assertThat(Core.treeDigest(Tree.plain(scratch.path("outside"))).digest()).isEqualTo(before);
  }
}
