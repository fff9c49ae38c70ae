package dev.mica.folder;

import java.nio.file.Path;
import java.util.List;

/** What can be a lower of a union: a folder, or a commit with everything below it. */
public interface LayerSource {
  /** The local directories that overlayfs would stack for it, topmost first; at least one. */
  List<Path> layers();

  /** How people call it: a path, or a commit's {@code NAME:TAG}. */
  String label();
}
