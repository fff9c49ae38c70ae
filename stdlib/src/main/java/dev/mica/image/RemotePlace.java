package dev.mica.image;

import dev.mica.failure.MicaException;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A commit of another Mica, as it is written: {@code ssh://[user@]host[:port]/NAME:TAG}. No part of
 * it can be taken for an option of a program, or for anything but a word by a shell.
 *
 * @param user empty: the one that SSH's configuration says
 * @param host a name that SSH's configuration may know, or an address without its brackets
 * @param port empty: as SSH's configuration says
 * @param name of the commit, without its tag
 */
record RemotePlace(
    Optional<String> user, String host, Optional<Integer> port, String name, String tag) {
  private static final String SCHEME = "ssh://";
  private static final String WORD = "[A-Za-z0-9_][A-Za-z0-9._-]{0,254}";
  private static final String ADDRESS = "\\[[0-9A-Fa-f:.]{2,45}(?:%[A-Za-z0-9._-]{1,16})?\\]";
  private static final Pattern PARTS =
      Pattern.compile(
          SCHEME
              + ("(?:(?<user>" + WORD + ")@)?")
              + ("(?<host>" + WORD + "|" + ADDRESS + ")")
              + "(?::(?<port>[0-9]{1,5}))?"
              + "/(?<name>[A-Za-z0-9][A-Za-z0-9._/-]{0,254})"
              + "(?::(?<tag>[A-Za-z0-9_][A-Za-z0-9._-]{0,127}))?");
  private static final int MOST_PORTS = 65_535;
  private static final String FORM = "write ssh://[USER@]HOST[:PORT]/NAME:TAG";

  /** Whether somebody who writes {@code text} means such a place. */
  static boolean isMeant(String text) {
    return text.toLowerCase(Locale.ROOT).startsWith(SCHEME);
  }

  static RemotePlace parse(String text) {
    Matcher parts = PARTS.matcher(text);
    if (text.matches("(?s)[^/]*//[^/@]*:[^/]*@.*")) {
      throw MicaException.usage("read", "the ssh:// reference", "it has a password in it")
          .hint("log in with a key; " + FORM);
    }
    if (!parts.matches()) {
      throw MicaException.usage("read", text, "it names no commit of another Mica").hint(FORM);
    }
    Optional<Integer> port = Optional.ofNullable(parts.group("port")).map(Integer::valueOf);
    if (port.filter(number -> number == 0 || number > MOST_PORTS).isPresent()) {
      throw MicaException.usage("read", text, "there is no port " + port.get()).hint(FORM);
    }
    return new RemotePlace(
        Optional.ofNullable(parts.group("user")),
        parts.group("host").replaceAll("[\\[\\]]", ""),
        port,
        parts.group("name"),
        Optional.ofNullable(parts.group("tag")).orElse("latest"));
  }

  /** What the commit is called there. */
  String ref() {
    return name + ":" + tag;
  }

  /** Without the tag: where a commit comes from. */
  String origin() {
    String shown = host.indexOf(':') < 0 ? host : "[" + host + "]";
    return SCHEME
        + user.map(is -> is + "@").orElse("")
        + shown
        + port.map(is -> ":" + is).orElse("")
        + "/"
        + name;
  }

  @Override
  public String toString() {
    return origin() + ":" + tag;
  }
}
