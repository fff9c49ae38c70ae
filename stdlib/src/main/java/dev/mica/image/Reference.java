package dev.mica.image;

import dev.mica.failure.MicaException;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where an image is in a registry, as people write it for Docker and Podman: {@code debian:12},
 * {@code localhost:5000/web}, {@code ghcr.io/team/web:v2@sha256:…}.
 *
 * @param host of the registry, with its port where one is said; {@code docker.io} where none is
 * @param repository below the host; {@code library/debian} for {@code debian} of {@code docker.io}
 * @param tag where one is said
 * @param digest where one is said; of SHA-256
 */
record Reference(String host, String repository, Optional<String> tag, Optional<String> digest) {
  private static final String DOCKER = "docker.io";
  private static final String LATEST = "latest";
  private static final int LONGEST_NAME = 255;

  /** So many of a digest tell it from others, for people. */
  private static final int DIGITS = 12;

  private static final Pattern HOST =
      Pattern.compile(
          "(\\[[0-9a-fA-F:]+\\]|[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?"
              + "(\\.[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?)*)(:[0-9]{1,5})?");
  private static final Pattern REPOSITORY =
      Pattern.compile("[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*)*");
  private static final Pattern TAG = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}");
  private static final Pattern DIGEST = Pattern.compile("sha256:[0-9a-f]{64}");

  /** Name, tag and digest; none of them is checked by this. */
  private static final Pattern PARTS =
      Pattern.compile("(?<name>.+?)(:(?<tag>[^/:@]*))?(@(?<digest>.*))?");

  /** As it is written; fails, with what is wrong with it, where it is no reference. */
  public static Reference parse(String text) {
    int slash = text.indexOf('/');
    return isShort(text)
        ? on(DOCKER, text)
        : parts(text, text.substring(0, slash), text.substring(slash + 1));
  }

  /** What a text that says no host means in the registry {@code host}. */
  static Reference on(String host, String text) {
    return parts(text, host, text);
  }

  private static Reference parts(String text, String host, String rest) {
    Matcher parts = PARTS.matcher(rest);
    if (!parts.matches()) {
      throw bad(text, "it names no repository");
    }
    Optional<String> tag = Optional.ofNullable(parts.group("tag"));
    Optional<String> digest = Optional.ofNullable(parts.group("digest"));
    if (tag.isPresent() && !TAG.matcher(tag.get()).matches()) {
      throw bad(text, "'" + tag.get() + "' is no tag");
    }
    if (digest.isPresent() && !DIGEST.matcher(digest.get()).matches()) {
      throw bad(text, "'" + digest.get() + "' is no digest of SHA-256");
    }
    return of(text, host, parts.group("name"), tag, digest);
  }

  private static Reference of(
      String text, String host, String path, Optional<String> tag, Optional<String> digest) {
    if (!HOST.matcher(host).matches()) {
      throw bad(text, "'" + host + "' is no host");
    }
    boolean isDocker = host.equals(DOCKER) || host.equals("index." + DOCKER);
    String repository = isDocker && path.indexOf('/') < 0 ? "library/" + path : path;
    if (!REPOSITORY.matcher(repository).matches()) {
      throw bad(
          text,
          "'"
              + path
              + "' is no repository: that has lower-case letters and digits, with . _ - or /"
              + " between");
    }
    if (host.length() + repository.length() >= LONGEST_NAME) {
      throw bad(text, "its name is longer than " + LONGEST_NAME + " characters");
    }
    return new Reference(isDocker ? DOCKER : host, repository, tag, digest);
  }

  /** Whether the first part of a name is a host, by Docker's rule. */
  private static boolean isHost(String first) {
    return first.indexOf('.') >= 0
        || first.indexOf(':') >= 0
        || first.equals("localhost")
        || first.chars().anyMatch(Character::isUpperCase);
  }

  /**
   * Whether somebody who writes {@code text} where a path or a commit may stand, too, means an
   * image: it is a reference, and says a host, a tag or a digest.
   */
  public static boolean isMeant(String text) {
    try {
      Reference read = parse(text);
      return !isShort(text) || read.tag.isPresent() || read.digest.isPresent();
    } catch (MicaException other) {
      return false;
    }
  }

  /** Whether a text that is a reference says no host. */
  static boolean isShort(String text) {
    int slash = text.indexOf('/');
    return slash <= 0 || !isHost(text.substring(0, slash));
  }

  private static MicaException bad(String text, String why) {
    return MicaException.usage("read the reference", text, why)
        .hint("write it as HOST/NAME:TAG, such as localhost:5000/web:v2, or debian:12");
  }

  /** What is asked for: the digest where one is said, else the tag, else {@code latest}. */
  public String tagOrDigest() {
    return digest.or(() -> tag).orElse(LATEST);
  }

  /** The tag that a push goes to; {@code latest} where none is said. */
  public String tagOrLatest() {
    return tag.orElse(LATEST);
  }

  /**
   * What a commit of it is called unless that is said: the last part of the repository, and the
   * tag; where only a digest is said, the digest's beginning stands for the tag.
   */
  public String nameAndTag() {
    String name = repository.substring(repository.lastIndexOf('/') + 1);
    int begin = "sha256:".length();
    return name
        + ":"
        + tag.or(() -> digest.map(one -> one.substring(begin, begin + DIGITS))).orElse(LATEST);
  }

  /** Host and repository. */
  String name() {
    return host + "/" + repository;
  }

  /** All of it, with the host: the form that means the same everywhere. */
  @Override
  public String toString() {
    String said = tag.map(one -> ":" + one).orElse("");
    String content = digest.map(one -> "@" + one).orElse("");
    return name() + (said + content).transform(end -> end.isEmpty() ? ":" + LATEST : end);
  }
}
