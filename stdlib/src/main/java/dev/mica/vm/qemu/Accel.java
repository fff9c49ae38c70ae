package dev.mica.vm.qemu;

import dev.mica.failure.MicaException;
import dev.mica.state.Records;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;
import tools.jackson.databind.node.ObjectNode;

/**
 * What runs the guest's instructions: the processor, or QEMU. An openable {@code /dev/kvm} proves
 * nothing, for on some hosts no stock kernel ever boots with it: so one is booted, once for each
 * host, kernel and QEMU, and the answer is kept.
 *
 * @param why what was found, a sentence
 */
public record Accel(Kind kind, String why) {
  /** The two. */
  public enum Kind {
    KVM("host"),
    // The plain model: what a guest finds it uses, and all that is emulated costs.
    TCG("qemu64");

    private final String cpu;

    Kind(String cpu) {
      this.cpu = cpu;
    }

    String cpu() {
      return cpu;
    }

    public String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  private static final Path DEVICE = Path.of("/dev/kvm");

  /**
   * The one to use; {@code MICA_ACCEL} may say {@code kvm} or {@code tcg}.
   *
   * @param wanted that, "" or "auto" to find out
   * @param key the host, its kernel, QEMU and the guest's kernel
   * @param boots boots with it, or fails
   */
  public static Accel choose(String wanted, Records cache, String key, Consumer<Kind> boots) {
    return switch (wanted) {
      case "kvm" -> new Accel(Kind.KVM, "MICA_ACCEL says so");
      case "tcg" -> new Accel(Kind.TCG, "MICA_ACCEL says so");
      case "", "auto" -> known(cache, key).orElseGet(() -> probe(cache, key, boots));
      default ->
          throw MicaException.usage("use MICA_ACCEL", wanted, "it is neither auto, kvm nor tcg");
    };
  }

  /** What an earlier probe found. */
  public static Optional<Accel> known(Records cache, String key) {
    return cache
        .find("accel")
        .filter(found -> found.path("key").asString("").equals(key))
        .map(found ->
            new Accel(
                found.path("kind").asString("").equals("kvm") ? Kind.KVM : Kind.TCG,
                found.path("why").asString("")));
  }

  private static Accel probe(Records cache, String key, Consumer<Kind> boots) {
    Accel found = tried(boots);
    ObjectNode note = Records.object().put("key", key);
    note.put("kind", found.kind().word()).put("why", found.why());
    cache.put("accel", note);
    return found;
  }

  private static Accel tried(Consumer<Kind> boots) {
    if (!Files.exists(DEVICE)) {
      return new Accel(Kind.TCG, "there is no " + DEVICE);
    }
    if (!Files.isReadable(DEVICE) || !Files.isWritable(DEVICE)) {
      return new Accel(Kind.TCG, DEVICE + " may not be opened");
    }
    try {
      boots.accept(Kind.KVM);
      return new Accel(Kind.KVM, "a guest booted with it");
    } catch (MicaException failure) {
      return new Accel(Kind.TCG, DEVICE + " opens, but no guest boots with it: " + failure.why());
    }
  }
}
