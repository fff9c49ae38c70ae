package dev.mica.failure;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;

/** Why a file operation failed, for people; the JDK's message alone is often just the path. */
public final class Why {
  private Why() {}

  /** As the end of a sentence about the file. */
  public static String of(IOException failure) {
    return switch (failure) {
      case NoSuchFileException missing -> "it does not exist";
      case AccessDeniedException denied -> "permission denied";
      case FileAlreadyExistsException taken -> "it exists already";
      case DirectoryNotEmptyException full -> "it is not empty";
      case NotDirectoryException other -> "it is not a directory";
      case FileSystemException other when other.getReason() != null -> other.getReason();
      case CharacterCodingException odd -> "it is not UTF-8 text";
      default -> String.valueOf(failure.getMessage());
    };
  }
}
