package dev.mica.folder;

import dev.mica.access.Caller;
import dev.mica.access.Reached;
import dev.mica.core.Tree;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * Two trees that are compared.
 *
 * @param held what is open until they are
 */
record Trees(Tree a, Tree b, List<Reached> held) implements AutoCloseable {
  Trees {
    held = List.copyOf(held);
  }

  /** Trees of paths that nobody has to hold. */
  static Trees of(Tree a, Tree b) {
    return new Trees(a, b, List.of());
  }

  /** Trees of folders that were recorded, which are held as {@code caller} may reach them. */
  static Trees recorded(Caller caller, Tree a, Tree b) {
    return held(a, b, caller::reachRecorded);
  }

  /** Likewise of folders that the caller has named. */
  static Trees named(Caller caller, Tree a, Tree b) {
    return held(a, b, caller::reach);
  }

  private static Trees held(Tree a, Tree b, Function<Path, Reached> reach) {
    List<Reached> held = new ArrayList<>();
    try {
      return new Trees(by(a, reach, held), by(b, reach, held), held);
    } catch (RuntimeException | Error refused) {
      held.forEach(Reached::close);
      throw refused;
    }
  }

  private static Tree by(Tree tree, Function<Path, Reached> reach, List<Reached> held) {
    List<Path> layers = new ArrayList<>();
    for (Path layer : tree.layers()) {
      Reached reached = reach.apply(layer);
      held.add(reached);
      layers.add(reached.path());
    }
    return new Tree(layers, tree.overlay(), tree.userXattr());
  }

  @Override
  public void close() {
    held.forEach(Reached::close);
  }
}
