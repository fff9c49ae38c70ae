package dev.mica.folder;

import dev.mica.core.Core;
import dev.mica.core.DiffReader;
import java.util.Spliterators.AbstractSpliterator;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;

/** The lines of a diff as a stream. The diff begins when the first line is asked for. */
final class DiffStream<T> extends AbstractSpliterator<T> {
  private final Supplier<Trees> source;
  private final boolean exact;
  private final Function<DiffReader, T> line;
  private @Nullable Trees trees;
  private @Nullable DiffReader reader;

  private DiffStream(Supplier<Trees> source, boolean exact, Function<DiffReader, T> line) {
    super(Long.MAX_VALUE, ORDERED | NONNULL | IMMUTABLE);
    this.source = source;
    this.exact = exact;
    this.line = line;
  }

  static <T> Stream<T> stream(Supplier<Trees> source, boolean exact, Function<DiffReader, T> line) {
    DiffStream<T> lines = new DiffStream<>(source, exact, line);
    return StreamSupport.stream(lines, false).onClose(lines::close);
  }

  @Override
  public boolean tryAdvance(Consumer<? super T> action) {
    if (reader == null) {
      reader = open();
    }
    boolean more = reader.next();
    if (more) {
      action.accept(line.apply(reader));
    } else {
      close();
    }
    return more;
  }

  private DiffReader open() {
    Trees opened = source.get();
    try {
      DiffReader diff = Core.diff(opened.a(), opened.b(), exact);
      trees = opened;
      return diff;
    } catch (RuntimeException | Error failure) {
      opened.close();
      throw failure;
    }
  }

  private void close() {
    if (reader != null) {
      reader.close();
    }
    Trees opened = trees;
    trees = null; // it is closed at the end of the lines, and with the stream
    if (opened != null) {
      opened.close();
    }
  }
}
