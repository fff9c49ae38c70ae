package dev.mica.image;

import dev.mica.Mica;
import java.nio.file.Path;

/** One operation of {@link ImageCrashTest}, in a process that is killed. */
final class ImageStep {
  private ImageStep() {}

  /** What is done. */
  enum Operation {
    LOAD,
    IMPORT,
    SAVE,
    SAVE_LAYOUT
  }

  public static void main(String[] words) {
    Path root = Path.of(words[1]);
    run(Operation.valueOf(words[0]), Mica.open(root.resolve("home")), root);
  }

  static void run(Operation operation, Mica mica, Path root) {
    switch (operation) {
      case LOAD -> mica.commits().load(root.resolve("two").toString());
      case IMPORT -> mica.commits().importFolder(root.resolve("tree").toString(), "two:v1");
      case SAVE_LAYOUT ->
          mica.commits().get("two:v1").save(root.resolve("out").toString(), "layout", "zstd");
      case SAVE -> mica.commits().get("two:v1").save(root.resolve("out.tar").toString());
    }
  }
}
