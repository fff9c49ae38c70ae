package dev.mica.image;

import dev.mica.failure.MicaException;
import dev.mica.remote.SshHost;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A commit of another Mica, as it is written: {@code ssh://[user@]host[:port]/NAME:TAG}.
 *
 * @param name of the commit, without its tag
 */
record RemotePlace(SshHost host, String name, String tag) {
  private static final String SCHEME = "ssh://";
  private static final Pattern PARTS =
      Pattern.compile(
          SCHEME
              + SshHost.PATTERN
              + "/(?<name>[A-Za-z0-9][A-Za-z0-9._/-]{0,254})"
              + "(?::(?<tag>[A-Za-z0-9_][A-Za-z0-9._-]{0,127}))?");
  private static final String FORM = "write ssh://[USER@]HOST[:PORT]/NAME:TAG";

  /** Whether somebody who writes {@code text} means such a place. */
  static boolean isMeant(String text) {
    return text.toLowerCase(Locale.ROOT).startsWith(SCHEME);
  }

  static RemotePlace parse(String text) {
    SshHost.refusePassword(text, FORM);
    Matcher parts = PARTS.matcher(text);
    if (!parts.matches()) {
      throw MicaException.usage("read", text, "it names no commit of another Mica").hint(FORM);
    }
    return new RemotePlace(
        SshHost.of(parts, text, FORM),
        parts.group("name"),
        Optional.ofNullable(parts.group("tag")).orElse("latest"));
  }

  /** What the commit is called there. */
  String ref() {
    return name + ":" + tag;
  }

  /** Without the tag: where a commit comes from. */
  String origin() {
    return SCHEME + host + "/" + name;
  }

  @Override
  public String toString() {
    return origin() + ":" + tag;
  }
}
