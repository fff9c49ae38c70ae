package dev.mica.folder;

import dev.mica.failure.MicaException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;

/** What the JDK's file calls say of a failure, as a sentence. */
final class Failures {
  private Failures() {}

  static MicaException of(String doing, Path path, IOException e) {
    return switch (e) {
      case AccessDeniedException denied ->
          failed(doing, path, at(denied, path) + "permission denied", e);
      case NoSuchFileException missing ->
          failed(doing, path, at(missing, path) + "no such file", e);
      case FileAlreadyExistsException there ->
          failed(doing, path, at(there, path) + "something is there already", e);
      case NotDirectoryException file -> failed(doing, path, at(file, path) + "not a directory", e);
      case DirectoryNotEmptyException full ->
          failed(doing, path, at(full, path) + "the directory is not empty", e);
      case FileSystemException other when other.getReason() != null ->
          failed(doing, path, at(other, path) + other.getReason(), e);
      default -> failed(doing, path, String.valueOf(e.getMessage()), e);
    };
  }

  private static MicaException failed(String doing, Path path, String why, IOException e) {
    return MicaException.failed(doing, path, why).because(e);
  }

  /** The file that failed, where that is not the one asked for. */
  private static String at(FileSystemException e, Path path) {
    String file = e.getFile();
    boolean same =
        file == null || file.equals(path.toString()) || file.startsWith("/proc/self/fd/");
    return same ? "" : file + ": ";
  }
}
