package dev.mica.image;

import dev.mica.failure.MicaException;
import dev.mica.state.StateDir;
import dev.mica.test.Scratch;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;

/** A test with a state directory, and a user of registries with a home of their own. */
abstract class RegistryTestBase {
  static final Platform AMD64 = Platform.parse("linux/amd64");

  final Scratch scratch = new Scratch();
  final StateDir state = StateDir.at(scratch.path("home"));
  final Blobs blobs = new Blobs(state);
  final Map<String, String> environment = new HashMap<>();
  private final List<AutoCloseable> open = new ArrayList<>();

  RegistryTestBase() {
    environment.put("HOME", scratch.dir("user").toString());
    environment.put("PATH", scratch.dir("bin") + ":" + System.getenv("PATH"));
    // That of this machine must not decide.
    environment.put("CONTAINERS_REGISTRIES_CONF", scratch.file("registries.conf", "").toString());
  }

  @AfterEach
  void end() throws Exception {
    for (AutoCloseable one : open.reversed()) {
      one.close();
    }
    scratch.close();
  }

  /** Closed at the end. */
  final <T extends AutoCloseable> T closed(T one) {
    open.add(one);
    return one;
  }

  final Registry reader(String reference) {
    return closed(Registry.reader(Reference.parse(reference), environment));
  }

  final Registry writer(String reference, String... mountable) {
    return closed(Registry.writer(Reference.parse(reference), List.of(mountable), environment));
  }

  /** Logs joe in at {@code host}, as {@code docker login} does. */
  final void login(String host, String password) {
    String both =
        Base64.getEncoder()
            .encodeToString(("joe:" + password).getBytes(java.nio.charset.StandardCharsets.UTF_8));
    Scratch.write(
        scratch.path("user/.docker/config.json"),
        "{\"auths\":{\"%s\":{\"auth\":\"%s\"}}}".formatted(host, both));
  }

  /** The manifest of an image, all of whose blobs are there then. */
  final ImageManifest pull(String reference) {
    return pull(reader(reference), Reference.parse(reference).tagOrDigest());
  }

  final ImageManifest pull(ImageSource source, String tagOrDigest) {
    ImageManifest manifest = ImageManifest.find(source, tagOrDigest, AMD64);
    Transfers.run(
        "pull " + source.label(),
        all(manifest),
        transfer -> blobs.fetch(transfer.blob(), source, transfer));
    return manifest;
  }

  static List<Descriptor> all(ImageManifest manifest) {
    return Stream.concat(manifest.layers().stream(), Stream.of(manifest.config())).toList();
  }

  final void push(Registry target, ImageManifest manifest, String tag) {
    Transfers.run(
        "push " + target.label(),
        all(manifest),
        transfer ->
            target.put(transfer.blob(), blobs.find(transfer.blob()).orElseThrow(), transfer));
    target.putManifest(manifest.self(), manifest.content(), tag);
  }

  /** The failure of that; one line, however it is. */
  static MicaException failure(Runnable action) {
    try {
      action.run();
    } catch (MicaException expected) {
      if (String.valueOf(expected.getMessage()).lines().count() != 1) {
        throw new AssertionError("not one line", expected);
      }
      return expected;
    }
    throw new AssertionError("nothing failed");
  }

  /** What lies in {@code blobs/parts}, and how large it is. */
  final Map<String, Long> parts() {
    Map<String, Long> sizes = new HashMap<>();
    try (Stream<Path> files = Files.list(state.path().resolve("blobs/parts"))) {
      for (Path file : files.toList()) {
        sizes.put(file.getFileName().toString(), Files.size(file));
      }
      return sizes;
    } catch (IOException broken) {
      throw new UncheckedIOException(broken);
    }
  }

  /** Every blob that can be seen has the digest that it is called by. */
  final void checkBlobs() {
    for (String digest : blobs.digests()) {
      Path file =
          state.path().resolve("blobs/sha256").resolve(digest.substring("sha256:".length()));
      try {
        if (!Digests.of(Files.readAllBytes(file)).equals(digest)) {
          throw new AssertionError("a blob is not what its name says: " + digest);
        }
      } catch (IOException broken) {
        throw new UncheckedIOException(broken);
      }
    }
  }
}
