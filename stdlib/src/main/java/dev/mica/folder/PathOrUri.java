package dev.mica.folder;

import dev.mica.access.Caller;
import dev.mica.failure.MicaException;
import dev.mica.text.PathBytes;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads the texts that name places. A text is a URI if it begins with a scheme we know and a colon,
 * or with any scheme and {@code ://}; every other text is a local path, colons and spaces included.
 * A local path that looks like a URI, or begins with a {@code ~} that is no home directory, is
 * written with {@code ./} before it.
 */
final class PathOrUri {
  /** Those Commons VFS serves with what is on our class path. */
  static final List<String> ARCHIVES = List.of("tar", "tgz", "tbz2", "zip", "jar");

  private static final String SUPPORTED = "file: sftp: tar: tgz: tbz2: zip: jar:";

  private static final Pattern SCHEME =
      Pattern.compile("([A-Za-z][A-Za-z0-9+.-]*):(.*)", Pattern.DOTALL);

  private static final Map<String, String> SUFFIXES =
      Map.of(
          ".tar",
          "tar",
          ".tar.gz",
          "tgz",
          ".tgz",
          "tgz",
          ".tar.bz2",
          "tbz2",
          ".tbz2",
          "tbz2",
          ".zip",
          "zip",
          ".jar",
          "jar");

  private PathOrUri() {}

  static Folder parse(Caller caller, String pathOrUri) {
    Matcher uri = SCHEME.matcher(pathOrUri);
    if (!uri.matches()) {
      return LocalFolder.named(caller, path(caller, pathOrUri));
    }
    String scheme = uri.group(1).toLowerCase(Locale.ROOT);
    String rest = uri.group(2);
    if (scheme.equals("file")) {
      return LocalFolder.named(caller, fileUri(caller, pathOrUri, rest));
    }
    if (ARCHIVES.contains(scheme)) {
      return VfsFolder.of(caller, scheme, rest);
    }
    if (scheme.equals(SftpFolder.SCHEME)) {
      return SftpFolder.of(caller, pathOrUri);
    }
    if (rest.startsWith("//")) {
      throw MicaException.usage("open", pathOrUri, "no provider for " + scheme + ":")
          .hint("use a local path, or one of " + SUPPORTED);
    }
    return LocalFolder.named(caller, path(caller, pathOrUri));
  }

  /** A local path, absolute, relative to the caller's folder, or below a home directory. */
  static Path path(Caller caller, String text) {
    if (text.isEmpty()) {
      throw MicaException.usage("open a folder", "", "its path is empty");
    }
    return relative(TildePath.expand(caller, text), "the path");
  }

  /** A path to be resolved against {@code where}. */
  static Path relative(String text, String where) {
    try {
      return PathBytes.parse(text);
    } catch (InvalidPathException e) {
      MicaException bad = MicaException.usage("look up " + text + " in", where, e.getReason());
      boolean locale = text.indexOf('\0') < 0;
      throw (locale ? bad.hint("start with LC_ALL=C.UTF-8, so that Java can hold such names") : bad)
          .because(e);
    }
  }

  /** A relative path that does not lead out of {@code where}, without {@code .} and {@code ..}. */
  static Path below(String text, String where) {
    Path path = relative(text, where).normalize();
    if (path.isAbsolute() || path.startsWith("..")) {
      throw MicaException.usage("look below", where, text + " leads out of it");
    }
    return path;
  }

  /** The archive URI that reaches into {@code path}, if its name says that it is one. */
  static Optional<String> archiveUri(Path path) {
    String text = path.toString();
    return SUFFIXES.entrySet().stream()
        .filter(suffix -> text.toLowerCase(Locale.ROOT).endsWith(suffix.getKey()))
        .map(suffix -> suffix.getValue() + ":" + text)
        .findFirst();
  }

  /** A local path, or a {@code file:} URI. */
  static Path localPath(Caller caller, String text) {
    return text.startsWith("file:") ? fileUri(caller, text, text.substring(5)) : path(caller, text);
  }

  private static Path fileUri(Caller caller, String uri, String rest) {
    String text = rest;
    if (rest.startsWith("//")) {
      int slash = rest.indexOf('/', 2);
      String host = slash < 0 ? rest.substring(2) : rest.substring(2, slash);
      if (slash < 0 || !(host.isEmpty() || host.equals("localhost"))) {
        throw MicaException.usage("open", uri, "a file: URI names this host: file:///path");
      }
      text = rest.substring(slash);
    }
    if (text.indexOf('%') < 0) {
      return path(caller, text);
    }
    Path above = caller.folder().resolve(text.startsWith("/") ? "/" : "");
    return PathBytes.resolve(above, Percent.decode(uri, text.replaceFirst("^/+", "")));
  }
}
