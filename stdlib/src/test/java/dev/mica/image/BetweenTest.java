package dev.mica.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.mica.Mica;
import dev.mica.access.Caller;
import dev.mica.access.Role;
import dev.mica.commit.Commit;
import dev.mica.failure.MicaException;
import dev.mica.test.Scratch;
import dev.mica.test.ScratchTest;
import dev.mica.union.Union;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Commits from one state directory to another, and other sides that lie. */
@Timeout(300)
final class BetweenTest extends ScratchTest {
  private static final int LARGE = 3_000_000;
  private static final int SMALL = 20_000;
  private static final String HEX =
      "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

  private final Scratch theirs = new Scratch();
  private final Mica other = Mica.open(theirs.path("home"));

  @AfterEach
  void closeTheirs() {
    theirs.close();
  }

  private Commit loaded() {
    Path layout = TestImages.layout(scratch, "two", LARGE, SMALL);
    return mica.commits().load(layout.toString()).commits().getFirst();
  }

  /** Counts what passes, and ends as a killed connection does after so many bytes. */
  private static final class Counted extends FilterOutputStream {
    private final AtomicLong count;
    private final long most;

    Counted(OutputStream out, AtomicLong count, long most) {
      super(out);
      this.count = count;
      this.most = most;
    }

    @Override
    public void write(int b) throws IOException {
      write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      int n = (int) Math.min(length, most - count.get());
      out.write(bytes, offset, n);
      count.addAndGet(n);
      if (n < length) {
        out.close();
        throw new IOException("cut");
      }
    }
  }

  /** How many bytes were offered; the receiver's failure is thrown. */
  private static long pass(Mica from, String commit, Mica to, String ref, long most)
      throws IOException {
    AtomicLong count = new AtomicLong();
    PipedInputStream there = new PipedInputStream(1 << 16);
    PipedInputStream back = new PipedInputStream(1 << 16);
    PipedOutputStream offers = new PipedOutputStream(there);
    PipedOutputStream asks = new PipedOutputStream(back);
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      CompletableFuture<?> sending =
          CompletableFuture.runAsync(
              () -> send(from, commit, back, new Counted(offers, count, most)), threads);
      try {
        to.commits().receive(ref, there, asks);
      } finally {
        asks.close();
        there.close();
      }
      if (most == Long.MAX_VALUE) {
        sending.join();
      } else {
        assertThatThrownBy(sending::join).isInstanceOf(CompletionException.class);
      }
    }
    return count.get();
  }

  private static void send(Mica from, String commit, InputStream in, OutputStream out) {
    List<String> _ = from.commits().send(commit, in, out);
    try {
      out.close();
    } catch (IOException broken) {
      throw new UncheckedIOException(broken);
    }
  }

  private long passed(Mica from, String commit, Mica to, String ref) throws IOException {
    return pass(from, commit, to, ref, Long.MAX_VALUE);
  }

  @Test
  void onlyWhatIsMissingIsSent() throws IOException {
    Commit first = loaded();
    long all = passed(mica, first.id(), other, "web:v1");
    assertThat(all).isGreaterThan(LARGE);
    Commit there = other.commits().get("web:v1");
    assertThat(there.manifest()).isEqualTo(first.manifest());
    assertThat(there.layers()).hasSize(2);
    assertThat(there.verify()).noneMatch(Commit.Verified::isBad);

    long again = passed(mica, first.id(), other, "web:again");
    assertThat(again).isLessThan(2000); // the manifest alone
    assertThat(other.commits().get("web:again").id()).isEqualTo(there.id());

    Union union =
        mica.unions().create(spec("u", List.of(first), scratch.path("up"), scratch.path("at")));
    Scratch.write(scratch.path("at/new"), "of mine");
    Commit second = mica.commits().create(union, "web:v2", "a file");
    union.remove();
    assertThat(passed(mica, "web:v2", other, "web:v2")).isLessThan(SMALL);
    Commit changed = other.commits().get("web:v2");
    assertThat(changed.layers()).hasSize(3);
    assertThat(changed.layers().getFirst().resolve("new")).hasContent("of mine");
    assertThat(changed.layers().subList(1, 3)).isEqualTo(there.layers());

    // And back under another name: nothing but the manifest, for the layers came from here.
    assertThat(passed(other, "web:v2", mica, "web:back")).isLessThan(4000);
    assertThat(mica.commits().get("web:back").manifest()).isEqualTo(changed.manifest());
    assertThat(mica.commits().get("web:back").layers()).isEqualTo(second.layers());
  }

  @Test
  void anImageOfAnotherPlatformPasses() throws IOException {
    Path layout = TestImages.layout(scratch, "arm", 1000);
    Scratch.run("umoci", "config", "--image", layout + ":v1", "--architecture", "arm64");
    mica.commits()
        .load(
            layout.toString(),
            java.util.Optional.of("arm:v1"),
            java.util.Optional.of("linux/arm64"));
    passed(mica, "arm:v1", other, "arm:v1");
    assertThat(other.commits().get("arm:v1").manifest())
        .isEqualTo(mica.commits().get("arm:v1").manifest());
  }

  /** A name that is taken leads to the new commit, as after any other way to make one. */
  @Test
  void aNameThatIsTakenMoves() throws IOException {
    Commit before =
        other.commits().importFolder(theirs.dir("x").toString(), "web:v1").commits().getFirst();
    Commit commit = loaded();
    passed(mica, commit.id(), other, "web:v1");
    assertThat(other.commits().get("web:v1").manifest()).isEqualTo(commit.manifest());
    assertThat(other.commits().get(before.id()).refs()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(ints = {20, 300, 100_000, 2_500_000, 3_010_000})
  void whatIsCutLeavesNothingAndGoesOn(int bytes) throws IOException {
    String id = loaded().id();
    assertThatThrownBy(() -> pass(mica, id, other, "web:v1", bytes))
        .isInstanceOf(MicaException.class)
        .hasMessageContaining("the connection was closed");
    assertThat(other.commits().list()).isEmpty();
    assertThat(entries("layers")).isEmpty();
    long rest = passed(mica, id, other, "web:v1");
    assertThat(rest).isLessThan(LARGE + SMALL + 30_000 - bytes + 2L * 6000);
    assertThat(other.commits().get("web:v1").verify()).noneMatch(Commit.Verified::isBad);
  }

  private List<String> entries(String directory) throws IOException {
    Path folder = theirs.path("home").resolve(directory);
    if (!Files.exists(folder)) {
      return List.of();
    }
    try (Stream<Path> all = Files.list(folder)) {
      return all.map(Path::toString).toList();
    }
  }

  private static String image(String manifest) {
    return "image application/vnd.oci.image.manifest.v1+json "
        + manifest.length()
        + "\n"
        + manifest;
  }

  /** A configuration of no bytes that counts, and a layer of that size. */
  private static String manifest(String config, int configSize, String layer, long size) {
    return """
    {"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",\
    "config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"%s","size":%d},\
    "layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"%s","size":%d}]}\
    """
        .formatted(config, configSize, layer, size);
  }

  private static final String CONFIG =
      "{\"os\":\"linux\",\"architecture\":\"amd64\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha256:"
          + HEX
          + "\"]}}";

  private static String offered(long size, String answer) {
    String digest = Digests.of(CONFIG.getBytes(StandardCharsets.UTF_8));
    return image(manifest(digest, CONFIG.length(), "sha256:" + HEX, size))
        + "blob "
        + CONFIG.length()
        + "\n"
        + CONFIG
        + answer;
  }

  static Stream<Arguments> lies() {
    String config = "sha256:" + HEX;
    return Stream.of(
        arguments("", "the connection was closed"),
        arguments("This account is currently not available.\n", "as no Mica does"),
        arguments("mica-layers 2\n", "it speaks version 2"),
        arguments("x".repeat(10_000), "a line of it has no end"),
        arguments("mica-layers 1\nimage a/b 99999999999\n", "for a number of at most"),
        arguments("mica-layers 1\nimage a/b -1\n", "for a number of at most"),
        arguments("mica-layers 1\nimage a/b\n", "to a question for image"),
        arguments("mica-layers 1\nimage a/b 100\n{}", "the connection was closed"),
        arguments("mica-layers 1\n" + image("no json"), "its manifest is no JSON"),
        arguments(
            "mica-layers 1\n" + image(manifest("../../etc/passwd", 2, config, 2)),
            "it is no digest of SHA-256"),
        arguments(
            "mica-layers 1\n" + image(manifest(config, 2, config, 2)) + "blob 2\n{}",
            "has other bytes"),
        arguments(
            "mica-layers 1\n" + image(manifest(config, 2, config, 2)) + "blob 3\n{}}",
            "it has 3 bytes"),
        arguments("mica-layers 1\n" + offered(2, "blob 2\nxy"), "its bytes have the digest"),
        arguments("mica-layers 1\n" + offered(2, "blob 9\nxyxyxyxyx"), "it has 9 bytes"),
        arguments("mica-layers 1\n" + offered(2, "blob 2\nx"), "1 of its 2 bytes came"),
        arguments("mica-layers 1\n" + offered(2, "done x\n"), "to a question for blob"),
        arguments(
            "mica-layers 1\n" + offered(Long.MAX_VALUE, "blob " + Long.MAX_VALUE + "\nxyz"),
            "for a number of at most"));
  }

  @ParameterizedTest
  @MethodSource("lies")
  void whoeverOffersIsNotBelieved(String said, String why) throws IOException {
    byte[] bytes = said.getBytes(StandardCharsets.UTF_8);
    assertThatThrownBy(() ->
            other
                .commits()
                .receive(
                    "web:v1", new ByteArrayInputStream(bytes), OutputStream.nullOutputStream()))
        .isInstanceOf(MicaException.class)
        .hasMessageContaining(why);
    assertThat(other.commits().list()).isEmpty();
    assertThat(entries("layers")).isEmpty();
    assertThat(entries("blobs/sha256")).allMatch(name -> !name.contains(HEX));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "blob sha256:" + "00" + " 0",
        "blob ../../users/ann.json 0",
        "blob DIGEST -1",
        "blob DIGEST 99999999",
        "blob DIGEST x",
        "blob DIGEST 0 0",
        "blob OTHER 0",
        "done sha256:x",
        "image\nimage\nimage\nimage\nimage",
        "give me all",
        "want -1 -1"
      })
  void whoeverAsksGetsTheImageAlone(String asked) {
    Commit commit = loaded();
    Path secret = scratch.dir("secret");
    Scratch.write(secret.resolve("file"), "secret");
    Commit hidden =
        mica.commits().importFolder(secret.toString(), "hidden:v1").commits().getFirst();
    String blob = hidden.save(scratch.path("hidden.tar").toString()).manifest();
    String said =
        "mica-layers 1\n"
            + asked.replace("DIGEST", commit.manifest().orElseThrow()).replace("OTHER", blob)
            + "\n";
    ByteArrayOutputStream got = new ByteArrayOutputStream();
    InputStream in = new ByteArrayInputStream(said.getBytes(StandardCharsets.UTF_8));
    assertThatThrownBy(() -> mica.commits().send(commit.id(), in, got))
        .isInstanceOf(MicaException.class)
        .hasMessageStartingWith("cannot understand the other Mica: it ");
    assertThat(got.toString(StandardCharsets.UTF_8)).doesNotContain("secret");
  }

  private Mica with(Role role, String ssh) {
    Path script = scratch.file("ssh-of-mine", "#!/bin/bash\n" + ssh + "\n");
    assertThat(script.toFile().setExecutable(true)).isTrue();
    Map<String, String> variables = new HashMap<>(System.getenv());
    variables.put("MICA_SSH", script.toString());
    return mica.as(Caller.of("joe", role, scratch.path(""), variables));
  }

  static Stream<Arguments> endings() {
    return Stream.of(
        arguments("echo 'Host key verification failed.' >&2; exit 255", 1, "compare the key"),
        arguments("echo 'x: Permission denied (publickey).' >&2; exit 255", 1, "add your key"),
        arguments("echo 'IDENTIFICATION HAS CHANGED' >&2; exit 255", 1, "is not the one in"),
        arguments("echo 'mica: cannot a: b; c' >&2; exit 3", 3, "the other Mica says: cannot a: b"),
        arguments("echo 'mica: cannot a: b; c' >&2; exit 2", 1, "the other Mica says: cannot a: b"),
        arguments("printf 'mica: a\\33[2Jb' >&2; exit 1", 1, "says: a\\x1b[2Jb"),
        arguments("echo not found >&2; exit 127", 1, "there is no program mica on its PATH"),
        arguments("kill -9 $$", 1, "the connection was closed"),
        arguments("echo 'last login: today'; exec cat > /dev/null", 1, "as no Mica does"),
        arguments("exit 0", 1, "the connection was closed"));
  }

  @ParameterizedTest
  @MethodSource("endings")
  void oneLineSaysWhySshHasEnded(String ssh, int status, String why) {
    Mica joe = with(Role.ADMIN, ssh);
    assertThatThrownBy(() -> joe.commits().pull("ssh://h/web:v1"))
        .isInstanceOfSatisfying(
            MicaException.class, failure -> assertThat(failure.exitStatus()).isEqualTo(status))
        .hasMessageContaining(why)
        .hasMessageContaining("ssh://h/web:v1");
    assertThat(mica.commits().list()).isEmpty();
  }

  @Test
  void whatIsAskedOfSshIsAWordEach() {
    Mica joe = with(Role.ADMIN, "printf '<%s>' \"$@\" >&2; exit 255");
    assertThatThrownBy(() -> joe.commits().pull("ssh://ann@host.example:2222/a/web:v1"))
        .hasMessageContaining("<-p><2222><-l><ann><--><host.example><mica>")
        .hasMessageContaining("<commit><send><a/web:v1>");
    assertThatThrownBy(() -> joe.commits().pull("ssh://[fe80::1%eth0]/web"))
        .hasMessageContaining("<--><fe80::1%eth0><mica><commit><send><web:latest>");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "ssh://-oProxyCommand=x/web:v1",
        "ssh://-l@host/web:v1",
        "ssh://host/-web",
        "ssh://host/web;id",
        "ssh://host/$(id)",
        "ssh://host/web:v1 --all",
        "ssh://host:0/web",
        "ssh://host:99999/web",
        "ssh://host",
        "ssh://host/",
        "ssh:///web:v1",
        "ssh://ho st/web",
        "ssh://host/web@sha256:" + HEX,
        "ssh://ann:hunter2@host/web"
      })
  void whatIsNoPlaceIsRefused(String text) {
    Mica joe = with(Role.ADMIN, "touch " + scratch.path("ran"));
    assertThatThrownBy(() -> joe.commits().pull(text))
        .isInstanceOfSatisfying(
            MicaException.class, failure -> assertThat(failure.exitStatus()).isEqualTo(2))
        .hasMessageNotContaining("hunter2");
    assertThat(scratch.path("ran")).doesNotExist();
  }

  /** The keys of this host's user are not for those who come in as operators. */
  @Test
  void anOperatorHasNoKeys() {
    Commit commit = loaded();
    Mica joe = with(Role.OPERATOR, "touch " + scratch.path("ran"));
    assertThatThrownBy(() -> joe.commits().pull("ssh://h/web:v1"))
        .isInstanceOfSatisfying(
            MicaException.class, failure -> assertThat(failure.exitStatus()).isEqualTo(3));
    assertThatThrownBy(() -> joe.commits().get(commit.id()).push("ssh://h/web:v1"))
        .isInstanceOfSatisfying(
            MicaException.class, failure -> assertThat(failure.exitStatus()).isEqualTo(3));
    assertThat(scratch.path("ran")).doesNotExist();
  }
}
