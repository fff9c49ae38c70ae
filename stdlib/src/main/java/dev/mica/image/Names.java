package dev.mica.image;

import java.nio.file.Path;
import java.util.Locale;

/** What an image from an archive is to be called here. */
final class Names {
  private Names() {}

  /**
   * {@code NAME:TAG} of an image that calls itself {@code said}: without the registry where that
   * goes without saying or has a port, and after the file where it is only a tag or nothing.
   */
  static String of(String said, Path file) {
    int at = said.indexOf('@');
    String name = at < 0 ? said : said.substring(0, at);
    for (String host : new String[] {"docker.io/library/", "docker.io/"}) {
      if (name.startsWith(host)) {
        return name.substring(host.length());
      }
    }
    int slash = name.indexOf('/');
    if (slash > 0 && name.substring(0, slash).indexOf(':') > 0) {
      return name.substring(slash + 1);
    }
    if (slash > 0 || name.indexOf(':') > 0) {
      return name;
    }
    return base(file) + ":" + (name.isEmpty() ? "latest" : name);
  }

  /** The file's name without what it ends in, as far as an image can be called so. */
  private static String base(Path file) {
    Path last = file.toAbsolutePath().normalize().getFileName();
    String name = last == null ? "" : last.toString().toLowerCase(Locale.ROOT);
    String base = name.replaceFirst("(\\.oci|\\.docker)?\\.(tar|tgz)(\\.(gz|zst))?$", "");
    String clean = base.replaceAll("[^a-z0-9]+", "-").replaceAll("^-+|-+$", "");
    return clean.isEmpty() ? "image" : clean;
  }
}
