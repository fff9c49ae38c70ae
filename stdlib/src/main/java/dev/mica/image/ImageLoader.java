package dev.mica.image;

import dev.mica.commit.Commit;
import dev.mica.commit.ImageConfig;
import dev.mica.commit.LayerStore;
import dev.mica.commit.TarRecord;
import dev.mica.core.LayerTar;
import dev.mica.core.Remark;
import dev.mica.core.Tars;
import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Makes a commit of an image, wherever it comes from. Its manifest, its configuration and its
 * layers are kept as the blobs that they came as, so that it can leave again byte for byte.
 */
final class ImageLoader {
  private final LayerStore store;
  private final Blobs blobs;
  private final List<String> remarks = new ArrayList<>();
  private @Nullable Transfers fetching;

  ImageLoader(LayerStore store, Blobs blobs) {
    this.store = store;
    this.blobs = blobs;
  }

  /** What the layers that were unpacked are not as their tars say it. */
  List<String> remarks() {
    return List.copyOf(remarks);
  }

  /**
   * The id of the commit of that image, which {@code ref} leads to from now on. One that is there
   * is not fetched again.
   *
   * @param tagOrDigest what {@code source} is asked for
   * @param wanted what it must be for; empty: whatever it is for
   */
  String load(ImageSource source, String tagOrDigest, Optional<Platform> wanted, String ref) {
    Platform any = wanted.orElseGet(Platform::ofHost);
    ImageManifest manifest = ImageManifest.find(source, tagOrDigest, any);
    String digest = manifest.self().digest();
    Optional<String> there = store.commitOf(digest);
    if (there.isPresent()) {
      store.stack(there.get()).config().ifPresent(is -> requireFor(wanted, is, source.label()));
      store.refer(ref, there.get());
      return there.get();
    }
    requireSmall(manifest, source);
    byte[] config = config(manifest, source);
    List<String> diffIds = Configs.diffIds(config, why -> bad(source, why));
    if (diffIds.size() != manifest.layers().size()) {
      throw bad(
          source,
          "its manifest has "
              + manifest.layers().size()
              + " layers, and its configuration "
              + diffIds.size());
    }
    ImageConfig is = Configs.config(config, why -> bad(source, why));
    requireFor(wanted, is, source.label());
    LayerStore.Planned planned =
        new LayerStore.Planned(
            ref,
            "",
            source.label(),
            Commit.Method.UNPACK,
            Instant.now(),
            List.of(),
            Optional.of(is),
            Optional.of(digest));
    return store.publish(
        planned,
        wanted(manifest, diffIds),
        () -> fetch(source, manifest, config, "fetch " + ref + " from " + source.label()));
  }

  /** An image that stands alone says only here what it is for. */
  private static void requireFor(Optional<Platform> wanted, ImageConfig config, String label) {
    boolean silent = config.os().isEmpty() || config.architecture().isEmpty();
    if (!silent && wanted.isPresent()) {
      ImageConfig _ =
          Platform.choose(
              label,
              List.of(config),
              one ->
                  Optional.of(
                      new Platform(one.os(), one.architecture(), Optional.of(one.variant()))),
              wanted.get());
    }
  }

  private static void requireSmall(ImageManifest manifest, ImageSource source) {
    if (manifest.config().size() > Limits.DOCUMENT) {
      throw bad(source, "its configuration has " + manifest.config().size() + " bytes");
    }
  }

  private static MicaException bad(ImageSource source, String why) {
    return MicaException.failed("read an image from", source.label(), why);
  }

  /** Not through the blobs: while nothing is noted they might be collected as garbage. */
  private static byte[] config(ImageManifest manifest, ImageSource source) {
    Descriptor is = manifest.config();
    try (ImageSource.Blob blob = source.open(is, 0)) {
      byte[] bytes = blob.bytes().readNBytes((int) is.size() + 1);
      if (bytes.length != is.size() || !Digests.of(bytes).equals(is.digest())) {
        throw bad(source, "its configuration " + is.digest() + " has other bytes");
      }
      return bytes;
    } catch (IOException broken) {
      throw bad(source, Why.of(broken)).because(broken);
    }
  }

  /** Layers are unpacked while those above them are still on their way. */
  private Transfers fetch(ImageSource source, ImageManifest manifest, byte[] config, String text) {
    blobs.keep(manifest.self(), manifest.content());
    blobs.keep(manifest.config(), config);
    source.wants(
        manifest.layers().stream().distinct().filter(one -> blobs.find(one).isEmpty()).toList());
    Transfers all =
        Transfers.begin(
            text, manifest.layers(), transfer -> blobs.fetch(transfer.blob(), source, transfer));
    fetching = all;
    return all;
  }

  /** Topmost first. */
  private List<LayerStore.Wanted> wanted(ImageManifest manifest, List<String> diffIds) {
    List<LayerStore.Wanted> all = new ArrayList<>();
    for (int i = diffIds.size() - 1; i >= 0; i--) {
      Descriptor blob = manifest.layers().get(i);
      String diffId = diffIds.get(i);
      all.add(new LayerStore.Wanted(Optional.of(diffId), layer -> unpack(blob, diffId, layer)));
    }
    return all;
  }

  private LayerStore.Made unpack(Descriptor blob, String diffId, Path layer) {
    Objects.requireNonNull(fetching).await(blob);
    Path file = blobs.find(blob).orElseThrow();
    LayerTar tar = Tars.read(file, layer, Limits.layer(blob.size()), LayerForm.flags());
    if (!tar.diffId().equals(diffId)) {
      throw MicaException.failed(
          "unpack the layer",
          blob.digest(),
          "its tar has the digest " + tar.diffId() + ", and its image says " + diffId);
    }
    TarRecord.Blob form =
        new TarRecord.Blob(MediaTypes.layer(tar.compression()), blob.digest(), blob.size());
    tar.remarks().stream().map(Remark::toString).forEach(remarks::add);
    return new LayerStore.Made(
        Optional.of(new TarRecord(diffId, tar.bytes(), false, List.of(form), List.of())), "");
  }
}
