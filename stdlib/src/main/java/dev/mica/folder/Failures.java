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
    return of(doing, path, path.toString(), e);
  }

  /** The same of what is called {@code path}, and in the failure {@code file}. */
  static MicaException of(String doing, Object path, String file, IOException e) {
    return switch (e) {
      case AccessDeniedException denied ->
          failed(doing, path, at(denied, file) + "permission denied", e);
      case NoSuchFileException missing ->
          failed(doing, path, at(missing, file) + "no such file", e);
      case FileAlreadyExistsException there ->
          failed(doing, path, at(there, file) + "something is there already", e);
      case NotDirectoryException other ->
          failed(doing, path, at(other, file) + "not a directory", e);
      case DirectoryNotEmptyException full ->
          failed(doing, path, at(full, file) + "the directory is not empty", e);
      case FileSystemException other when other.getReason() != null ->
          failed(doing, path, at(other, file) + other.getReason(), e);
      default -> failed(doing, path, String.valueOf(e.getMessage()), e);
    };
  }

  private static MicaException failed(String doing, Object path, String why, IOException e) {
    return MicaException.failed(doing, path, why).because(e);
  }

  /** The file that failed, where that is not the one asked for. */
  private static String at(FileSystemException e, String asked) {
    String file = e.getFile();
    boolean same = file == null || file.equals(asked) || file.startsWith("/proc/self/fd/");
    return same ? "" : file + ": ";
  }
}
