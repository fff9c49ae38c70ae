package dev.mica.core;

import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import java.io.IOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A new directory in a folder that may belong to anybody, for what gets its name in that folder
 * when it is whole. Nobody else can enter it, so nobody can put something else in the place of what
 * is made in it. If we are killed, whoever next makes one in the folder removes it.
 */
public final class ScratchDirectory implements AutoCloseable {
  private final OpenDirectory around;
  private final OpenDirectory open;
  private final Path name;

  /** In {@code around}, which stays open until this is closed. */
  public ScratchDirectory(OpenDirectory around) {
    this.around = around;
    this.open = OpenDirectory.scratch(around.path());
    try {
      this.name = open.realPath().getFileName();
    } catch (RuntimeException | Error gone) {
      open.close();
      throw gone;
    }
  }

  /** Whether a path has the name of one. */
  public static boolean isOne(Path path) {
    return path.getFileName().toString().startsWith(".mica-probe-");
  }

  /** A path that leads to it as long as it is open, in this process. */
  public Path path() {
    return open.path();
  }

  /** By the descriptor, since its name may lead elsewhere by now; what is empty, by the name. */
  @Override
  public void close() {
    try (DirectoryStream<Path> all = Files.newDirectoryStream(open.path())) {
      all.forEach(Core::remove);
      Files.deleteIfExists(around.path().resolve(name));
    } catch (DirectoryNotEmptyException another) {
      return; // it was renamed, and something else has its name
    } catch (IOException broken) {
      throw MicaException.failed("remove a scratch directory in", around.openedBy(), Why.of(broken))
          .because(broken);
    } finally {
      open.close();
    }
  }
}
