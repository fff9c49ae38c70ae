package dev.mica.remote;

import dev.mica.failure.MicaException;
import java.util.Optional;
import java.util.regex.Matcher;

/**
 * Where SSH connects to, as URIs have it: {@code [user@]host[:port]}. No part of it can be taken
 * for an option of a program, or for anything but a word by a shell.
 *
 * @param user empty: the one that SSH's configuration says
 * @param host a name that SSH's configuration may know, or an address without its brackets
 * @param port empty: as SSH's configuration says
 */
public record SshHost(Optional<String> user, String host, Optional<Integer> port) {
  private static final String WORD = "[A-Za-z0-9_][A-Za-z0-9._-]{0,254}";
  private static final String ADDRESS = "\\[[0-9A-Fa-f:.]{2,45}(?:%[A-Za-z0-9._-]{1,16})?\\]";
  private static final int MOST_PORTS = 65_535;

  /** A regular expression with the groups user, host and port. */
  public static final String PATTERN =
      ("(?:(?<user>" + WORD + ")@)?")
          + ("(?<host>" + WORD + "|" + ADDRESS + ")")
          + "(?::(?<port>[0-9]{1,5}))?";

  /**
   * What the groups of {@link #PATTERN} are in a text that matches.
   *
   * @param text what was written
   * @param form how it is to be written
   */
  public static SshHost of(Matcher parts, String text, String form) {
    Optional<Integer> port = Optional.ofNullable(parts.group("port")).map(Integer::valueOf);
    if (port.filter(number -> number == 0 || number > MOST_PORTS).isPresent()) {
      throw MicaException.usage("read", text, "there is no port " + port.get()).hint(form);
    }
    return new SshHost(
        Optional.ofNullable(parts.group("user")),
        parts.group("host").replaceAll("[\\[\\]]", ""),
        port);
  }

  /** Fails if {@code text}, a URI, has a password in it, and does not repeat that. */
  public static void refusePassword(String text, String form) {
    if (text.matches("(?s)[^/]*//[^/@]*:[^/]*@.*")) {
      String scheme = text.substring(0, text.indexOf("//") + 2);
      throw MicaException.usage("read", "the " + scheme + " reference", "it has a password in it")
          .hint("log in with a key; " + form);
    }
  }

  /** What one writes behind {@code ssh} to come there. */
  String words() {
    return port.map(number -> "-p " + number + " ").orElse("")
        + user.map(name -> name + "@").orElse("")
        + host;
  }

  /** As in a URI. */
  @Override
  public String toString() {
    return user.map(name -> name + "@").orElse("")
        + (host.indexOf(':') < 0 ? host : "[" + host + "]")
        + port.map(number -> ":" + number).orElse("");
  }
}
