package dev.mica.image;

import dev.mica.state.StateDir;
import java.nio.file.Path;
import java.util.Map;

/** Pulls an image in a process of its own, which somebody may kill. */
final class PullChild {
  private PullChild() {}

  /** Arguments: the state directory, an empty registries.conf, the reference. */
  public static void main(String[] args) {
    Blobs blobs = new Blobs(StateDir.at(Path.of(args[0])));
    Map<String, String> environment = Map.of("CONTAINERS_REGISTRIES_CONF", args[1]);
    Reference reference = Reference.parse(args[2]);
    try (Registry source = Registry.reader(reference, environment)) {
      ImageManifest manifest =
          ImageManifest.find(source, reference.tagOrDigest(), RegistryTestBase.AMD64);
      Transfers.run(
          "pull " + reference,
          RegistryTestBase.all(manifest),
          transfer -> blobs.fetch(transfer.blob(), source, transfer));
    }
  }
}
