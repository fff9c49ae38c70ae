package dev.mica.scripting.words;

import dev.mica.failure.MicaException;
import dev.mica.folder.LayerSource;
import java.nio.file.Path;
import java.util.List;

/**
 * An image of a registry that is not here, and from which something is to be made: it is pulled
 * before.
 */
record Unpulled(String label) implements LayerSource {
  @Override
  public List<Path> layers() {
    throw MicaException.failed("use the image", label, "it was not pulled");
  }
}
