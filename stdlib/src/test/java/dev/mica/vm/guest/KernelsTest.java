package dev.mica.vm.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.XZOutputStream;

/** Which kernel a guest gets, and which of its modules. */
final class KernelsTest {
  @TempDir Path scratch;

  private Path write(String path, String text) throws IOException {
    Path file = scratch.resolve(path);
    Files.createDirectories(file.getParent());
    return Files.writeString(file, text);
  }

  private void kernel(String root, String release, long seconds) throws IOException {
    Path image = write(root + "/boot/vmlinuz-" + release, "image");
    Files.setLastModifiedTime(image, FileTime.fromMillis(seconds * 1000));
    Files.createDirectories(scratch.resolve(root + "/lib/modules/" + release + "/kernel"));
  }

  private Kernels kernels(Map<String, String> environment) {
    return new Kernels(environment, scratch.resolve("root"), scratch.resolve("fetched"));
  }

  @Test
  void theNewestKernelWithModulesIsTaken() throws IOException {
    kernel("root", "6.1", 100);
    kernel("root", "6.2", 300);
    write("root/boot/vmlinuz-7.0", "without modules");
    kernel("fetched", "6.9", 900);
    assertThat(kernels(Map.of()).get().release()).isEqualTo("6.2");
  }

  @Test
  void theFetchedKernelServesWhereThereIsNoOther() throws IOException {
    write("root/boot/vmlinuz-7.0", "without modules");
    kernel("fetched", "6.9", 900);
    assertThat(kernels(Map.of()).get().release()).isEqualTo("6.9");
  }

  @Test
  void modulesMayLieBelowUsr() throws IOException {
    write("fetched/boot/vmlinuz-6.12", "image");
    Path modules = scratch.resolve("fetched/usr/lib/modules/6.12");
    Files.createDirectories(modules.resolve("kernel"));
    assertThat(kernels(Map.of()).get().modules()).isEqualTo(modules);
  }

  @Test
  void theNamedKernelGoesFirst() throws IOException {
    kernel("root", "6.1", 100);
    kernel("mine", "5.0", 1);
    String named = scratch.resolve("mine/boot/vmlinuz-5.0").toString();
    assertThat(kernels(Map.of("MICA_KERNEL", named)).get().release()).isEqualTo("5.0");
    String gone = scratch.resolve("gone").toString();
    Kernels none = kernels(Map.of("MICA_KERNEL", gone));
    String why = "MICA_KERNEL names " + gone + ", which cannot be read";
    assertThatThrownBy(none::get).hasMessageContaining(why);
    assertThat(none.refusal()).hasValueSatisfying(no -> assertThat(no).hasMessageContaining(why));
    assertThat(none.present()).isEmpty();
  }

  @Test
  void modulesComeAfterWhatTheyNeed() throws IOException {
    kernel("root", "6.1", 1);
    Map<String, String> needs =
        Map.of(
            "virtio_pci",
            "ring,virtio-legacy",
            "virtio-legacy",
            "ring",
            "ring",
            "",
            "fuse",
            "ring,gone");
    for (Map.Entry<String, String> each : needs.entrySet()) {
      write(
          "root/lib/modules/6.1/kernel/a/" + each.getKey() + ".ko",
          "ELF\0license=GPL\0depends=" + each.getValue() + "\0name=x\0");
    }
    write("root/lib/modules/6.1/modules.builtin", "kernel/fs/overlay.ko\n");
    Modules modules = Modules.of(kernels(Map.of()).get());
    assertThat(modules.closure(List.of("virtio_pci", "overlay"), Set.of()).keySet())
        .containsExactly("ring", "virtio_legacy", "virtio_pci");
    assertThat(modules.closure(List.of("virtio_pci"), Set.of("ring")).keySet())
        .containsExactly("virtio_legacy", "virtio_pci");
    assertThatThrownBy(() -> modules.closure(List.of("fuse"), Set.of()))
        .hasMessageContaining("it has no module gone");
  }

  /** As the kernel's sign-file appends it: the signature, its struct, and the words. */
  @Test
  void modulesAreTakenWithoutTheirSignatures() {
    byte[] module = "ELF and all the rest".getBytes(StandardCharsets.UTF_8);
    String words = "~Module signature appended~\n";
    assertThat(Modules.unsigned(signed(module, 5, 5, words))).isEqualTo(module);
    for (byte[] other :
        List.of(
            module,
            new byte[0],
            words.getBytes(StandardCharsets.UTF_8),
            signed(module, 5, 5, "~Module signature appended~"),
            signed(module, 5, 500, words),
            signed(module, 5, -1, words))) {
      assertThat(Modules.unsigned(other)).isEqualTo(other);
    }
  }

  private static byte[] signed(byte[] module, int size, int said, String words) {
    ByteBuffer signed = ByteBuffer.allocate(module.length + size + 12 + words.length());
    signed.put(module).put(new byte[size]).put(new byte[8]).putInt(said);
    return signed.put(words.getBytes(StandardCharsets.UTF_8)).array();
  }

  @Test
  void modulesMayBeCompressed() throws IOException {
    kernel("root", "6.12", 1);
    byte[] module = "ELF\0depends=ring\0".getBytes(StandardCharsets.UTF_8);
    Path file = write("root/lib/modules/6.12/kernel/fuse.ko.xz", "");
    try (OutputStream out = new XZOutputStream(Files.newOutputStream(file), new LZMA2Options())) {
      out.write(module);
    }
    write("root/lib/modules/6.12/kernel/ring.ko", "ELF\0depends=\0");
    Modules modules = Modules.of(kernels(Map.of()).get());
    assertThat(modules.closure(List.of("fuse"), Set.of()).keySet()).containsExactly("ring", "fuse");
    assertThat(Modules.content(file)).isEqualTo(module);
    write("root/lib/modules/6.12/kernel/overlay.ko.zst", "");
    assertThatThrownBy(
            () -> Modules.of(kernels(Map.of()).get()).closure(List.of("overlay"), Set.of()))
        .hasMessageContaining("overlay.ko.zst: it is compressed");
    write("root/lib/modules/6.12/kernel/virtiofs.ko.xz", "not by xz");
    assertThatThrownBy(
            () -> Modules.of(kernels(Map.of()).get()).closure(List.of("virtiofs"), Set.of()))
        .hasMessageContaining("virtiofs.ko.xz: ");
  }
}
