package dev.mica.test;

import dev.mica.Mica;
import dev.mica.core.Core;
import dev.mica.folder.Folder;
import java.nio.file.Path;

/** A little of what the tests' children do, so that what it loads can be recorded. */
final class ChildTraining {
  private ChildTraining() {}

  /** Works in the directory that it gets. */
  public static void main(String[] words) {
    Path home = Path.of(System.getenv("MICA_HOME"));
    Mica mica = Mica.open(home);
    Scratch.write(home.resolveSibling("folder/file"), "text");
    String folder = home.resolveSibling("folder").toString();
    if (Core.isPrivileged()) {
      mica.commits().importFolder(folder, "trained:v1");
    }
    System.out.println(mica.commits().list());
    System.out.println(mica.commits().verify());
    System.out.println(mica.unions().list());
    System.out.println(mica.vms().list());
    System.out.println(Folder.of(Path.of(folder)).list());
  }
}
