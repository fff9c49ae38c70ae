package dev.mica;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mica.access.Caller;
import dev.mica.access.Role;
import dev.mica.container.VmShare;
import dev.mica.container.VmSpec;
import dev.mica.failure.MicaException;
import dev.mica.folder.Folder;
import dev.mica.test.ScratchTest;
import dev.mica.union.UnionSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A folder is in its caller's roots when it is named, and leads out of them when it is used. */
final class ReachTest extends ScratchTest {
  private Path root = scratch.path("root");
  private Mica bounded = mica;

  @BeforeEach
  void make() {
    scratch.file("root/way/there/file", "in");
    scratch.file("root/lower/file", "in");
    scratch.file("outside/there/file", "out");
    Map<String, String> environment = Map.of("HOME", root.toString());
    bounded = mica.as(Caller.of("ann", Role.OPERATOR, root, environment, List.of(root)));
  }

  /** As somebody does who can write in the root: another, or a container of this caller. */
  private void exchange() throws IOException {
    Files.move(root.resolve("way"), root.resolve("kept"));
    Files.createSymbolicLink(root.resolve("way"), scratch.path("outside"));
  }

  private void assertRefused(ThrowingCallable action) {
    assertThatThrownBy(action)
        .isInstanceOf(MicaException.class)
        .hasMessage(
            "cannot use %s: ann may only use what is in %s; ask an admin",
            scratch.path("outside/there"), root);
    assertThat(scratch.mounts()).isEmpty();
    assertThat(scratch.path("outside")).isDirectoryNotContaining("glob:**/.*");
  }

  @ParameterizedTest
  @ValueSource(strings = {"lower", "upper", "at", "work"})
  void aUnionIsRefused(String role) throws IOException {
    require(UnionSpec.Via.KERNEL);
    Folder there = bounded.folder("way/there");
    Folder upper = role.equals("upper") ? there : bounded.folder("up");
    UnionSpec spec =
        new UnionSpec(
            "u",
            List.of(role.equals("lower") ? there : bounded.folder("lower")),
            upper,
            role.equals("work") ? there : null,
            role.equals("at") ? there : bounded.folder("at"),
            UnionSpec.Via.KERNEL);
    exchange();
    Files.delete(scratch.path("outside/there/file")); // a mount point is empty, for one
    assertRefused(() -> bounded.unions().create(spec));
  }

  @Test
  void aVmIsRefused() throws IOException {
    Folder there = bounded.folder("way/there");
    Folder lower = bounded.folder("lower");
    exchange();
    VmSpec from = VmSpec.of("v", there, List.of("true"));
    VmSpec with =
        VmSpec.of("v", lower, List.of("true")).with(List.of(new VmShare(there, "/x", false)));
    for (VmSpec spec : List.of(from, with)) {
      assertRefused(() -> bounded.vms().create(spec));
    }
    assertThat(mica.vms().list()).isEmpty();
  }

  /** What another user's symlink leads to is that user's, as with a union. */
  @Test
  void aVmIsNotMadeOfWhatAnothersLinkLeadsTo() throws IOException {
    Path link = root.resolve("link");
    Files.createSymbolicLink(link, scratch.path("outside"));
    Files.setAttribute(link, "unix:uid", 65534, java.nio.file.LinkOption.NOFOLLOW_LINKS);
    VmSpec spec = VmSpec.of("v", Folder.of(link.resolve("there")), List.of("true"));
    assertThatThrownBy(() -> mica.vms().create(spec))
        .isInstanceOf(MicaException.class)
        .hasMessageContaining("leads through a symlink of the user 65534 to a folder that is not");
    assertThat(mica.vms().list()).isEmpty();
  }
}
