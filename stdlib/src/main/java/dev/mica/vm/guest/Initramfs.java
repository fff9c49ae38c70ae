package dev.mica.vm.guest;

import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;

/** What the guest boots into: the agent, the modules, and the list of them. */
public final class Initramfs {
  private static final long CONSOLE_MAJOR = 5;
  private static final long CONSOLE_MINOR = 1;

  private final Cpio archive = new Cpio();

  private Initramfs() {}

  /** The archive; the same bytes for the same agent, kernel and profile. */
  public static byte[] of(Path agent, Kernel kernel, Profile profile) {
    Modules modules = Modules.of(kernel);
    Map<String, Path> first = modules.closure(Profile.FIRST, Set.of());
    Map<String, Path> then = modules.closure(profile.modules(), first.keySet());
    try {
      return new Initramfs().write(agent, first, then);
    } catch (IOException broken) {
      throw MicaException.failed("make an initramfs of", agent, Why.of(broken)).because(broken);
    }
  }

  private byte[] write(Path agent, Map<String, Path> first, Map<String, Path> then)
      throws IOException {
    archive.directory("dev");
    archive.characterDevice("dev/console", CONSOLE_MAJOR, CONSOLE_MINOR);
    archive.file("init", Files.readAllBytes(agent));
    String list = modules(first) + "\n" + modules(then);
    archive.file("modules", list.getBytes(StandardCharsets.UTF_8));
    return archive.finish();
  }

  /** Adds them; their lines for the list. */
  private String modules(Map<String, Path> modules) throws IOException {
    StringBuilder lines = new StringBuilder();
    archive.directory("lib/modules");
    for (Map.Entry<String, Path> module : modules.entrySet()) {
      String name = "lib/modules/" + module.getKey() + ".ko";
      archive.file(name, Modules.unsigned(Modules.content(module.getValue())));
      lines.append('/').append(name).append('\n');
    }
    return lines.toString();
  }
}
