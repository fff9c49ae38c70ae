package dev.mica.files;

import dev.mica.core.OpenFile;
import java.util.List;

/** The names in a directory below the virtual root. It must be closed. */
public interface VirtualNames extends AutoCloseable {
  /** The next names; none at the end. */
  List<OpenFile.Entry> next();

  @Override
  void close();
}
