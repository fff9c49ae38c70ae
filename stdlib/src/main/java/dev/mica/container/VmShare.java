package dev.mica.container;

import dev.mica.failure.MicaException;
import dev.mica.folder.Folder;
import dev.mica.text.PathBytes;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A folder of this host that a container has too.
 *
 * @param folder of this host
 * @param at where it is in the container: absolute, without {@code .} and {@code ..}
 * @param readOnly whether nobody in the VM can write to it
 */
public record VmShare(Folder folder, String at, boolean readOnly) {
  private static final Pattern TEXT =
      Pattern.compile("(.+?):(/[^:]*)(?::(ro|rw))?", Pattern.DOTALL);

  /** What the container has of its own there. */
  private static final List<Path> TAKEN =
      List.of(
          Path.of("/proc"),
          Path.of("/sys"),
          Path.of("/dev"),
          Path.of("/etc/" + NameFiles.HOSTS),
          Path.of("/etc/" + NameFiles.HOSTNAME),
          Path.of("/etc/" + NameFiles.RESOLV_CONF));

  /** Fails where a container can have none. */
  public VmShare {
    Path path = PathBytes.parse(at);
    boolean dots = at.contains("\0");
    for (Path name : path) {
      dots |= name.toString().equals(".") || name.toString().equals("..");
    }
    if (!path.isAbsolute() || dots || !PathBytes.isUtf8(at)) {
      throw refuse(folder, at, "in the container it needs an absolute path without '..'");
    }
    for (Path taken : TAKEN) {
      if (path.startsWith(taken) || taken.startsWith(path)) {
        throw refuse(folder, at, "in the container " + taken + " is not a folder of this host");
      }
    }
    at = path.toString();
  }

  /**
   * The one of that text, {@code DIR:/at}, {@code DIR:/at:ro} or {@code DIR:/at:rw}.
   *
   * @param folders finds the folder that {@code DIR} names
   */
  public static VmShare of(String text, Function<String, Folder> folders) {
    Matcher parts = TEXT.matcher(text);
    if (!parts.matches()) {
      throw MicaException.usage("share", text, "it is written DIR:/at or DIR:/at:ro")
          .hint("write /srv/data:/data, or /srv/data:/data:ro for nobody in the VM to write to it");
    }
    return new VmShare(folders.apply(parts.group(1)), parts.group(2), "ro".equals(parts.group(3)));
  }

  private static MicaException refuse(Folder folder, String at, String why) {
    return MicaException.usage("share", folder.location() + " at " + at, why)
        .hint("name a folder of the container of which nothing else is made, as /data");
  }

  /** As {@link #of} reads it. */
  @Override
  public String toString() {
    return folder.location() + ":" + at + (readOnly ? ":ro" : "");
  }
}
