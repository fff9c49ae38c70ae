package dev.mica.image;

import dev.mica.access.Caller;
import dev.mica.access.Reached;
import dev.mica.commit.Commit;
import dev.mica.commit.Exchange;
import dev.mica.commit.ImageConfig;
import dev.mica.commit.LayerStore;
import dev.mica.core.Compression;
import dev.mica.core.Core;
import dev.mica.core.LayerTar;
import dev.mica.core.Remark;
import dev.mica.core.Tars;
import dev.mica.core.Tree;
import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import dev.mica.job.Activity;
import dev.mica.state.StateDir;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Supplier;
import tools.jackson.databind.JsonNode;

/** Turns images into commits, and commits into images. */
public final class Images implements Exchange {
  /** What is said for the file where there is a stream. */
  static final Path STREAM = Path.of("-");

  private final LayerStore store;
  private final Blobs blobs;

  /** The images of the store in {@code state}. */
  public Images(StateDir state) {
    this.store = new LayerStore(state);
    this.blobs = new Blobs(state);
  }

  @Override
  public Loaded load(Reached file, Optional<String> as, Optional<String> platform) {
    return load(() -> LocalSource.open(file, blobs), file.named(), as, platform);
  }

  @Override
  public Loaded load(InputStream archive, Optional<String> as, Optional<String> platform) {
    return load(() -> LocalSource.open(archive, blobs), STREAM, as, platform);
  }

  private Loaded load(
      Supplier<LocalSource> opened, Path file, Optional<String> as, Optional<String> platform) {
    Platform wanted = platform.map(Platform::parse).orElseGet(Platform::ofHost);
    ImageLoader loader = new ImageLoader(store, blobs);
    List<String> ids = new ArrayList<>();
    try (LocalSource source = opened.get()) {
      List<LocalSource.Named> images = source.images();
      if (as.isPresent() && images.size() > 1) {
        throw MicaException.usage("load " + as.get() + " from", file, "it has several images")
            .hint("leave the name out: each has one, or gets one");
      }
      for (LocalSource.Named image : images) {
        List<String> refs = refs(image, as, file, images.size());
        String id = loader.load(source, image.key(), Optional.of(wanted), refs.getFirst());
        refs.stream().skip(1).forEach(ref -> store.refer(ref, id));
        ids.add(id);
      }
    }
    return new Loaded(ids, loader.remarks());
  }

  private static List<String> refs(
      LocalSource.Named image, Optional<String> as, Path file, int count) {
    if (as.isPresent()) {
      return List.of(as.get());
    }
    if (image.names().isEmpty()) {
      String hex = image.key().replaceFirst("^sha256:", "");
      String tag = count > 1 && hex.length() >= 12 ? hex.substring(0, 12) : "";
      return List.of(Names.of(tag, file));
    }
    return image.names().stream().map(name -> Names.of(name, file)).toList();
  }

  @Override
  public Optional<Meant> meant(String text) {
    if (!Reference.isMeant(text)) {
      return Optional.empty();
    }
    Reference reference = Reference.parse(text);
    return Optional.of(new Meant(reference.name(), reference.nameAndTag()));
  }

  @Override
  public Loaded pull(Caller caller, String text, Optional<String> as, Optional<String> platform) {
    if (RemotePlace.isMeant(text)) {
      return between(caller).pull(text, as, platform);
    }
    Map<String, String> environment = variables(caller);
    Platform wanted = platform.map(Platform::parse).orElseGet(Platform::ofHost);
    Reference reference = Registry.meaning(text, environment);
    ImageLoader loader = new ImageLoader(store, blobs);
    try (Registry source = Registry.reader(reference, environment);
        Activity _ =
            Activity.begin("pull " + reference, OptionalLong.empty(), Activity.Work.NONE)) {
      String ref = as.orElseGet(reference::nameAndTag);
      String id = loader.load(source, reference.tagOrDigest(), Optional.of(wanted), ref);
      return new Loaded(List.of(id), loader.remarks());
    }
  }

  @Override
  public Pushed push(
      Caller caller, String id, List<String> origins, String text, String compression) {
    if (RemotePlace.isMeant(text)) {
      return between(caller).push(id, text, compression(compression, text));
    }
    Reference reference = Reference.parse(text);
    if (reference.digest().isPresent()) {
      throw MicaException.usage("push to", text, "an image gets its digest by itself")
          .hint("write HOST/NAME:TAG");
    }
    try (Registry target =
            Registry.writer(reference, mountable(reference, origins), variables(caller));
        Activity _ =
            Activity.begin("push " + reference, OptionalLong.empty(), Activity.Work.NONE)) {
      Image image =
          new ImageBuilder(caller, store, blobs, blobs, compression(compression, text)).build(id);
      send(image, target, reference);
      return new Pushed(reference.toString(), image.manifest().self().digest(), image.remarks());
    }
  }

  private Between between(Caller caller) {
    return new Between(caller, store, blobs);
  }

  @Override
  public Loaded receive(Caller caller, String ref, InputStream in, OutputStream out) {
    return between(caller).receive(ref, in, out);
  }

  @Override
  public List<String> send(
      Caller caller, String id, String label, InputStream in, OutputStream out) {
    return between(caller).send(id, label, in, out);
  }

  /**
   * The variables by which logins and settings of registries are found. A caller who is restricted
   * to some folders has none, because a symlink in one of them could lead to somebody else's login.
   */
  private static Map<String, String> variables(Caller caller) {
    return caller.isUnbounded() ? caller.environment() : Map.of();
  }

  /** The repositories of the same registry from which some of its layers were pulled. */
  private static List<String> mountable(Reference to, List<String> origins) {
    return origins.stream()
        .filter(origin -> origin.startsWith(to.host() + "/"))
        .map(origin -> origin.substring(to.host().length() + 1))
        .filter(repository -> !repository.equals(to.repository()))
        .distinct()
        .toList();
  }

  /** The manifest is sent last, because it makes the image visible. */
  private void send(Image image, Registry target, Reference reference) {
    ImageManifest manifest = image.manifest();
    List<Descriptor> all = new ArrayList<>(manifest.layers());
    all.add(manifest.config());
    Transfers.run(
        "push " + reference,
        all,
        transfer -> {
          Descriptor blob = transfer.blob();
          Path file =
              blobs
                  .find(blob)
                  .orElseThrow(() ->
                      MicaException.failed("push", blob.digest(), "it was removed meanwhile")
                          .hint("try again"));
          target.put(blob, file, transfer);
        });
    target.putManifest(manifest.self(), manifest.content(), reference.tagOrLatest());
  }

  private static Compression compression(String text, String object) {
    return switch (text) {
      case "gzip" -> Compression.GZIP;
      case "zstd" -> Compression.ZSTD;
      case "none" -> Compression.PLAIN;
      default ->
          throw MicaException.usage("make an image for", object, "there is no compression " + text)
              .hint("write gzip, zstd or none");
    };
  }

  @Override
  public Loaded importFolder(Reached from, String ref, String message, List<String> changes) {
    boolean folder = from.isDirectory();
    if (!folder && !from.isFile()) {
      throw MicaException.failed(
          "import",
          from,
          Files.exists(from.path())
              ? "it is neither a folder nor a tar"
              : "there is nothing there");
    }
    ImageConfig config = ImageConfig.ofHost().changed(changes);
    List<String> remarks = new ArrayList<>();
    LayerStore.Planned planned =
        new LayerStore.Planned(
            ref,
            message,
            from.toString(),
            folder ? Commit.Method.COPY : Commit.Method.UNPACK,
            Instant.now(),
            List.of(),
            Optional.of(config),
            Optional.empty());
    LayerStore.Wanted layer =
        new LayerStore.Wanted(
            Optional.empty(), to -> folder ? copy(from, to) : unpack(from, to, remarks));
    String id = store.publish(planned, List.of(layer), () -> LayerStore.Meanwhile.NOTHING);
    return new Loaded(List.of(id), remarks);
  }

  private static LayerStore.Made copy(Reached from, Path to) {
    String unkept =
        Core.capture(Tree.EMPTY, Tree.plain(from.path()), to, LayerForm.flags()).toString();
    return new LayerStore.Made(Optional.empty(), unkept);
  }

  private static LayerStore.Made unpack(Reached from, Path to, List<String> remarks) {
    Path file = from.path();
    try {
      LayerTar tar = Tars.read(file, to, Limits.layer(Files.size(file)), LayerForm.flags());
      tar.remarks().stream().map(Remark::toString).forEach(remarks::add);
      return new LayerStore.Made(Optional.empty(), "");
    } catch (IOException broken) {
      throw MicaException.failed("import", from, Why.of(broken)).because(broken);
    }
  }

  @Override
  public Saved save(
      Caller caller, String id, String name, Reached file, String format, String compression) {
    Compression how = compression(compression, name);
    Image image =
        format.equals("layout")
            ? saveLayout(caller, id, name, file, how)
            : saveArchive(caller, id, name, () -> TarOut.to(file), format, how);
    return new Saved(file.named(), image.manifest().self().digest(), image.remarks());
  }

  @Override
  public Saved save(
      Caller caller,
      String id,
      String name,
      OutputStream archive,
      String format,
      String compression) {
    if (format.equals("layout")) {
      throw MicaException.usage("save", name, "a layout is a directory, and no stream")
          .hint("write oci or docker");
    }
    Compression how = compression(compression, name);
    Image image = saveArchive(caller, id, name, () -> TarOut.to(archive), format, how);
    return new Saved(STREAM, image.manifest().self().digest(), image.remarks());
  }

  private interface ArchiveForm {
    void write(Image image, String name, TarOut to);
  }

  private Image saveArchive(
      Caller caller,
      String id,
      String name,
      Supplier<TarOut> to,
      String format,
      Compression compression) {
    ArchiveForm form =
        switch (format) {
          case "oci" -> ArchiveWriter::oci;
          case "docker" -> ArchiveWriter::docker;
          default ->
              throw MicaException.usage("save", name, "there is no archive of the form " + format)
                  .hint("write oci or docker, or layout for a directory");
        };
    Image image = new ImageBuilder(caller, store, blobs, blobs, compression).build(id);
    form.write(image, name, to.get());
    return image;
  }

  private Image saveLayout(
      Caller caller, String id, String name, Reached directory, Compression compression) {
    try (LayoutTarget target = LayoutTarget.at(directory)) {
      Image image = new ImageBuilder(caller, store, blobs, target, compression).build(id);
      target.put(image, name);
      return image;
    }
  }

  @Override
  public List<String> collect(Set<String> manifests, Set<String> layers) {
    Set<String> needed = new HashSet<>(layers);
    for (String manifest : manifests) {
      needed.add(manifest);
      named(manifest).forEach(needed::add);
    }
    List<String> removed = new ArrayList<>();
    for (String digest : blobs.digests()) {
      if (!needed.contains(digest)) {
        blobs.remove(digest);
        removed.add("blob " + digest);
      }
    }
    blobs.removeParts();
    return removed;
  }

  /**
   * The blobs that a manifest names; none if the manifest is not there, since nothing is known of
   * it then.
   */
  private List<String> named(String manifest) {
    List<String> all = new ArrayList<>();
    Optional<Path> file = blobs.describe(manifest, "").flatMap(blobs::find);
    if (file.isEmpty()) {
      return all;
    }
    try {
      JsonNode json =
          Json.read(
              Files.readAllBytes(file.get()),
              why -> MicaException.failed("read the manifest", manifest, why));
      all.add(json.path("config").path("digest").asString(""));
      json.path("layers").forEach(layer -> all.add(layer.path("digest").asString("")));
      return all;
    } catch (IOException broken) {
      throw MicaException.failed("read", file.get(), Why.of(broken)).because(broken);
    }
  }
}
