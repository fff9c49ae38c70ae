package dev.mica.folder;

import dev.mica.core.Core;
import dev.mica.core.DiffReader;
import dev.mica.core.Tree;
import java.util.Spliterators.AbstractSpliterator;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;

/** The lines of a diff as a stream. The diff begins when the first line is asked for. */
final class DiffStream<T> extends AbstractSpliterator<T> {
  private final Tree a;
  private final Tree b;
  private final boolean exact;
  private final Function<DiffReader, T> line;
  private @Nullable DiffReader reader;

  private DiffStream(Tree a, Tree b, boolean exact, Function<DiffReader, T> line) {
    super(Long.MAX_VALUE, ORDERED | NONNULL | IMMUTABLE);
    this.a = a;
    this.b = b;
    this.exact = exact;
    this.line = line;
  }

  static <T> Stream<T> stream(Tree a, Tree b, boolean exact, Function<DiffReader, T> line) {
    DiffStream<T> lines = new DiffStream<>(a, b, exact, line);
    return StreamSupport.stream(lines, false).onClose(lines::close);
  }

  @Override
  public boolean tryAdvance(Consumer<? super T> action) {
    if (reader == null) {
      reader = Core.diff(a, b, exact);
    }
    boolean more = reader.next();
    if (more) {
      action.accept(line.apply(reader));
    }
    return more;
  }

  private void close() {
    if (reader != null) {
      reader.close();
    }
  }
}
