package dev.mica.helper;

import dev.mica.Mica;
import dev.mica.folder.Folder;
import dev.mica.union.UnionSpec;
import java.nio.file.Path;
import java.util.List;

/** What {@link FaultTest} has another JVM do: HOME FOLDER create|remove. */
final class FaultStep {
  private FaultStep() {}

  public static void main(String[] words) {
    Mica mica = Mica.open(Path.of(words[0]));
    Path folder = Path.of(words[1]);
    if (words[2].equals("remove")) {
      mica.unions().get("f").remove();
      return;
    }
    mica.unions()
        .create(
            new UnionSpec(
                "f",
                List.of(Folder.of(folder.resolve("lower"))),
                Folder.of(folder.resolve("upper")),
                null,
                Folder.of(folder.resolve("at")),
                UnionSpec.Via.GUEST));
  }
}
