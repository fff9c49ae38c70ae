package dev.mica.folder;

import dev.mica.core.DiffReader;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What the core finds between two trees.
 *
 * @param trees opens them, each time that they are compared
 */
record TreeDiff(String from, String to, Supplier<Trees> trees, boolean exact) implements Diff {
  private static final Change.Kind[] KINDS = Change.Kind.values();
  private static final Change.What[] WHATS = Change.What.values();

  @Override
  public Stream<Change> stream() {
    return DiffStream.stream(trees, exact, TreeDiff::change);
  }

  @Override
  public Summary summary() {
    long[] lines = new long[KINDS.length + 1];
    try (Stream<Integer> kinds = DiffStream.stream(trees, exact, DiffReader::kind)) {
      kinds.forEach(kind -> lines[kind]++);
    }
    return new Summary(lines[1], lines[2], lines[3]);
  }

  @Override
  public String tree() {
    return draw(this);
  }

  static String draw(Diff diff) {
    Drawing drawing = new Drawing(diff.from() + " → " + diff.to());
    try (Stream<Change> changes = diff.stream()) {
      changes.forEach(change -> drawing.add(change.path(), mark(change), respects(change)));
    }
    return drawing.toString();
  }

  private static String mark(Change change) {
    return switch (change.kind()) {
      case ADDED -> "+ ";
      case MODIFIED -> "~ ";
      case DELETED -> "- ";
    };
  }

  /** After the name: a slash for a directory, then how it was modified. */
  private static String respects(Change change) {
    Type type = change.after() == null ? change.before() : change.after();
    boolean root = change.path().equals(Name.ROOT); // it has the diff's title for a name
    String slash = type == Type.DIRECTORY && !root ? "/" : "";
    return change.what().isEmpty()
        ? slash
        : change.what().stream()
            .map(what -> what.name().toLowerCase(Locale.ROOT))
            .collect(Collectors.joining(", ", slash + "  (", ")"));
  }

  private static Change change(DiffReader line) {
    return new Change(
        KINDS[line.kind() - 1],
        Name.of(line.path()),
        what(line.what()),
        type(line.typeBefore()),
        type(line.typeAfter()),
        line.sizeBefore(),
        line.sizeAfter());
  }

  static @Nullable Type type(char letter) {
    return letter == 0 ? null : Type.of(letter);
  }

  static Set<Change.What> what(int bits) {
    if (bits == 0) {
      return Set.of();
    }
    Set<Change.What> what = EnumSet.noneOf(Change.What.class);
    for (int i = 0; i < WHATS.length; i++) {
      if ((bits >> i & 1) != 0) {
        what.add(WHATS[i]);
      }
    }
    return Collections.unmodifiableSet(what);
  }

  /** The same the other way round. */
  static int bits(Set<Change.What> what) {
    int bits = 0;
    for (int i = 0; i < WHATS.length; i++) {
      bits |= what.contains(WHATS[i]) ? 1 << i : 0;
    }
    return bits;
  }
}
