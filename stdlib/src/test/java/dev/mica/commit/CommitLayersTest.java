package dev.mica.commit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mica.folder.Folder;
import dev.mica.state.StateDir;
import dev.mica.test.Lab;
import dev.mica.test.Scratch;
import dev.mica.test.ScratchTest;
import dev.mica.union.Union;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Layers that others fill, without the VMs that do it. */
final class CommitLayersTest extends ScratchTest {
  private CommitLayers layers = new CommitLayers(StateDir.at(scratch.path("home")));
  private Commit below;

  @BeforeEach
  void make() {
    scratch.file("base/kept", "kept");
    scratch.file("base/gone", "gone");
    below =
        mica.commits()
            .importFolder(scratch.path("base").toString(), "below:1")
            .commits()
            .getFirst();
  }

  private static CommitLayers.Planned planned(String ref, List<Path> lowers, boolean squash) {
    return new CommitLayers.Planned(ref, "", lowers, "the VM x", List.of(), List.of(), squash);
  }

  /** Makes a layer that has a file of that name and whites {@code gone} out. */
  private static void fill(Path layer, String name) {
    Scratch.run("mkdir", layer.toString());
    Scratch.write(layer.resolve(name), name);
    Scratch.run("mknod", layer.resolve("gone").toString(), "c", "0", "0");
    Scratch.run("touch", "-d", "@1000000000", layer.resolve(name).toString(), layer.toString());
  }

  private static Function<Path, CommitLayers.Filled> filling(String name) {
    return layer -> {
      fill(layer, name);
      return new CommitLayers.Filled(Duration.ofMillis(1));
    };
  }

  @Test
  void aSquashedOneHasTheWholeTreeAndStandsOnNothing() {
    Commit one =
        mica.commits().get(layers.commit(planned("x:1", below.layers(), false), filling("new")));
    Commit whole =
        mica.commits().get(layers.commit(planned("x:2", below.layers(), true), filling("new")));
    assertThat(one.layers()).hasSize(2);
    assertThat(whole.layers()).hasSize(1).containsExactly(whole.layer());
    assertThat(one.diff(whole).toList()).isEmpty();
    assertThat(one.parent().map(Commit::id)).contains(below.id());
    assertThat(whole.parent()).isEmpty();
    assertThat(whole.config()).isEqualTo(one.config()).isPresent();
    assertThat(whole.held()).isEqualTo(Duration.ofMillis(1));
    assertThat(whole.verify()).noneMatch(Commit.Verified::isBad);
    assertThat(Lab.lines(whole.diff())).containsExactly("added .", "added kept", "added new");
    assertThat(scratch.path("home/layers"))
        .isDirectoryContaining(path -> path.equals(whole.layer()));
    one.remove();
    below.remove();
    assertThat(Scratch.read(whole.layer().resolve("kept"))).isEqualTo("kept");
    assertThat(scratch.path("home/layers").toFile().list()).containsExactly(whole.id());
  }

  @Test
  void moreLayersThanTheKernelTakesAreRefusedOrSquashed() {
    List<Path> many = new ArrayList<>();
    for (int i = 0; i < 500; i++) {
      scratch.file("many/" + i + "/of-" + i, "" + i);
      many.add(scratch.path("many/" + i));
    }
    assertThatThrownBy(() -> planned("x:1", many, false))
        .hasMessage(
            "cannot commit x:1 from the VM x: with this layer it would stand on 500 others;"
                + " squash it: --squash makes one layer of all");
    Commit whole = mica.commits().get(layers.commit(planned("x:1", many, true), filling("new")));
    assertThat(whole.layer().toFile().list()).hasSize(501);
    assertThat(whole.base()).isEmpty();
  }

  /** The VM that it is made of may be gone before it is there. */
  @Test
  void whatACommitUnderWayStandsOnIsNotRemoved() {
    String id =
        layers.commit(
            planned("x:1", below.layers(), false),
            layer -> {
              requireKept(layer);
              return filling("new").apply(layer);
            });
    Commit made = mica.commits().get(id);
    assertThat(made.layers()).allSatisfy(layer -> assertThat(layer).isDirectory());
    made.remove();
    String said =
        layers.look(
            below.layers(),
            "the VM x",
            layer -> fill(layer, "new"),
            layer -> {
              requireKept(layer);
              assertThat(layer.resolve("new")).isRegularFile();
              return "seen";
            });
    assertThat(said).isEqualTo("seen");
    assertThat(scratch.path("home/layers").toFile().list())
        .containsExactly(below.layer().getFileName().toString());
  }

  private void requireKept(Path layer) {
    boolean there = layer.toFile().exists();
    assertThatThrownBy(below::remove)
        .hasMessageContaining("what is being made of the VM x stands on it");
    assertThat(mica.commits().gc()).isEmpty();
    assertThat(layer.toFile().exists()).isEqualTo(there);
  }

  @Test
  void aLookThatFailsLeavesNothing() {
    assertThatThrownBy(() ->
            layers.look(
                below.layers(),
                "the VM x",
                layer -> fill(layer, "new"),
                layer -> {
                  throw new IllegalStateException("no");
                }))
        .hasMessage("no");
    assertThat(scratch.path("home/layers").toFile().list()).hasSize(1);
    assertThat(scratch.path("home/journal").toFile().list()).isEmpty();
  }

  @Test
  void aUnionIsSquashedTooAndStaysAsItIs() {
    Union union =
        mica.unions().create(spec("u", List.of(below), scratch.path("upper"), scratch.path("at")));
    Commit same = mica.commits().create(union, "u:same", "", true);
    assertThat(same.diff(below).toList()).isEmpty();
    assertThat(same.parent()).isEmpty();
    Scratch.write(scratch.path("at/new"), "new");
    Scratch.run("rm", scratch.path("at/gone").toString());
    Commit whole = mica.commits().create(union, "u:2", "", true);
    assertThat(Lab.lines(union.diff())).containsExactly("deleted gone", "added new");
    assertThat(whole.layers()).containsExactly(whole.layer());
    assertThat(Lab.lines(below.diff(whole))).containsExactly("deleted gone", "added new");
    union.remove();
    below.remove();
    assertThat(mica.commits().gc()).isEmpty();
    assertThat(Scratch.read(whole.layer().resolve("kept"))).isEqualTo("kept");
    assertThat(Folder.of(whole.layer()).list()).hasSize(2);
  }
}
