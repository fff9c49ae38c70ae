package dev.mica.image;

import dev.mica.test.Scratch;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Images made by umoci, and moved by skopeo. */
public final class TestImages {
  private TestImages() {}

  /** A layout with the image {@code v1}: a layer for each size, with a file of noise in it. */
  public static Path layout(Scratch scratch, String name, int... sizes) {
    Path layout = scratch.path(name);
    String image = layout + ":v1";
    Scratch.run("umoci", "init", "--layout", layout.toString());
    Scratch.run("umoci", "new", "--image", image);
    for (int i = 0; i < sizes.length; i++) {
      Path layer = layer(scratch, name + "-layer-" + i, sizes[i], name.hashCode() + i);
      Scratch.run("umoci", "raw", "add-layer", "--image", image, layer.toString());
    }
    return layout;
  }

  private static Path layer(Scratch scratch, String name, int size, long seed) {
    byte[] noise = new byte[size];
    new Random(seed).nextBytes(noise);
    Path folder = scratch.dir(name);
    try {
      Files.write(folder.resolve("noise-" + name), noise);
    } catch (IOException broken) {
      throw new UncheckedIOException(broken);
    }
    Path tar = scratch.path(name + ".tar");
    Scratch.run("tar", "-cf", tar.toString(), "-C", folder.toString(), ".");
    return tar;
  }

  /** Has skopeo push the image {@code v1} of a layout; {@code options} are for its destination. */
  public static void push(Path layout, String image, String... options) {
    List<String> words =
        new ArrayList<>(
            List.of("skopeo", "--insecure-policy", "copy", "--quiet", "--dest-tls-verify=false"));
    words.addAll(List.of(options));
    words.addAll(List.of("oci:" + layout + ":v1", "docker://" + image));
    Scratch.run(words.toArray(String[]::new));
  }

  /** What skopeo says is the digest of the manifest there. */
  public static String digest(String image) {
    return Scratch.run(
            "skopeo",
            "--insecure-policy",
            "inspect",
            "--tls-verify=false",
            "--format={{.Digest}}",
            "docker://" + image)
        .strip();
  }
}
