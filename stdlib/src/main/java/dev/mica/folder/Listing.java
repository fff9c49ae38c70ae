package dev.mica.folder;

import dev.mica.access.Reached;
import dev.mica.core.DiffReader;
import dev.mica.core.OpenDirectory;
import dev.mica.failure.MicaException;
import dev.mica.text.PathBytes;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;

/**
 * Directories listed one at a time, names as bytes. A Path made by the JDK from what it read keeps
 * them; only its text may not.
 */
final class Listing {
  private Listing() {}

  static List<Entry> of(Reached directory) {
    return of(directory.path());
  }

  private static List<Entry> of(Path directory) {
    List<Entry> entries = new ArrayList<>();
    try (DirectoryStream<Path> paths = Files.newDirectoryStream(directory)) {
      for (Path path : paths) {
        add(path, entries);
      }
    } catch (DirectoryIteratorException e) {
      throw failed(directory, Objects.requireNonNull(e.getCause()));
    } catch (IOException e) {
      throw failed(directory, e);
    }
    entries.sort(Comparator.comparing(Entry::path));
    return entries;
  }

  private static MicaException failed(Path directory, IOException why) {
    return Failures.of("list", Path.of(OpenDirectory.show(directory.toString())), why);
  }

  private static void add(Path path, List<Entry> entries) throws IOException {
    try {
      entries.add(Stat.of(path).entry(Name.of(PathBytes.ofName(path))));
    } catch (NoSuchFileException goneMeanwhile) {
      return; // as if it had never been listed
    }
  }

  /** The drawing of {@code root}, at most {@code depth} levels of what is below it. */
  static String tree(Reached root, int depth) {
    Drawing drawing = new Drawing(root.toString());
    if (root.isDirectory()) {
      draw(root.path(), Name.ROOT, depth, drawing);
    }
    return drawing.toString();
  }

  private static void draw(Path directory, Name above, int depth, Drawing drawing) {
    if (depth < 1) {
      return;
    }
    for (Entry entry : of(directory)) {
      Name path = entry.path().below(above);
      boolean isDirectory = entry.type() == Type.DIRECTORY;
      drawing.add(path, "", isDirectory ? "/" : "");
      if (isDirectory && !drawing.isFull()) {
        Path child = PathBytes.resolve(directory, entry.path().bytes());
        try (OpenDirectory open = OpenDirectory.of(child)) { // it may be a symlink by now
          draw(open.path(), path, depth - 1, drawing);
        }
      }
    }
  }

  /** The line of a diff from nothing as an entry. */
  static Entry entry(DiffReader line) {
    return new Entry(
        Name.of(line.path()),
        Type.of(line.typeAfter()),
        line.sizeAfter(),
        line.modeAfter(),
        Instant.ofEpochSecond(line.secondsAfter(), line.nanosAfter()));
  }
}
