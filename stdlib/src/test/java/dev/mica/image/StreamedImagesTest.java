package dev.mica.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mica.commit.Commit;
import dev.mica.commit.Exchange;
import dev.mica.failure.MicaException;
import dev.mica.test.Scratch;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Archives that go through a stream: nobody can seek in it, or knows how long it will be. */
final class StreamedImagesTest extends LoadTestBase {
  /** A stream of a program that writes a little at a time. */
  private static final class Slow extends FilterInputStream {
    private boolean closed;

    Slow(byte[] bytes) {
      super(new ByteArrayInputStream(bytes));
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      return super.read(bytes, offset, Math.min(length, 1013));
    }

    @Override
    public void close() {
      closed = true;
    }
  }

  private static final class Kept extends ByteArrayOutputStream {
    private boolean closed;

    @Override
    public void close() {
      closed = true;
    }
  }

  private Commit load(InputStream archive) {
    return mica.commits()
        .load(archive, Optional.of("web:v8"), Optional.empty())
        .commits()
        .getFirst();
  }

  @ParameterizedTest
  @ValueSource(strings = {"oci", "docker"})
  void aStreamGetsWhatAFileGets(String format) throws IOException {
    Commit commit = load(layout);
    Path file = scratch.path("file.tar");
    Exchange.Saved saved = commit.save(file.toString(), format, "gzip");
    Kept stream = new Kept();
    Exchange.Saved streamed = commit.save(stream, format, "gzip");
    assertThat(stream.toByteArray()).isEqualTo(Files.readAllBytes(file));
    assertThat(stream.closed).isFalse();
    assertThat(streamed.manifest()).isEqualTo(saved.manifest());
  }

  @ParameterizedTest
  @ValueSource(strings = {"oci-archive", "docker-archive"})
  void anArchiveIsReadFromAStream(String kind) throws IOException {
    Path archive = scratch.path("given.tar");
    skopeo("oci:" + layout + ":v1", kind + ":" + archive + ":web:v7");
    Commit fromFile = load(archive);
    String manifest = fromFile.manifest().orElseThrow();
    fromFile.remove();
    Slow stream = new Slow(Files.readAllBytes(archive));
    Commit commit = load(stream);
    assertThat(commit.refs()).containsExactly("web:v8");
    assertThat(commit.manifest()).contains(manifest);
    assertThat(commit.verify()).noneMatch(Commit.Verified::isBad);
    assertThat(stream.closed).isFalse();
    assertThat(count("blobs/parts")).isZero();
    Scratch.run("gzip", archive.toString());
    commit.remove();
    Commit again = load(new Slow(Files.readAllBytes(scratch.path("given.tar.gz"))));
    assertThat(again.manifest()).contains(manifest);
    assertThat(count("blobs/parts")).isZero();
  }

  /** As where the program that writes it is killed. */
  @Test
  void ofAStreamThatEndsTooEarlyNothingIsKept() throws IOException {
    Path archive = scratch.path("given.tar");
    skopeo("oci:" + layout + ":v1", "oci-archive:" + archive + ":web:v7");
    byte[] all = Files.readAllBytes(archive);
    for (int part = 0; part < 8; part++) {
      byte[] some = Arrays.copyOf(all, (int) ((long) all.length * part / 8));
      assertThatThrownBy(() -> load(new Slow(some))).isInstanceOf(MicaException.class);
      assertNothing();
      assertThat(count("blobs/parts")).isZero();
    }
  }

  @Test
  void aStreamThatFailsIsTold() {
    Commit commit = load(layout);
    OutputStream full =
        new OutputStream() {
          @Override
          public void write(int b) throws IOException {
            throw new IOException("No space left on device");
          }
        };
    assertThatThrownBy(() -> commit.save(full, "oci", "gzip"))
        .hasMessageContaining("cannot save to -: ")
        .hasMessageContaining("No space left");
    InputStream broken =
        new FilterInputStream(InputStream.nullInputStream()) {
          @Override
          public int read(byte[] bytes, int offset, int length) throws IOException {
            throw new IOException("Input/output error");
          }
        };
    assertThatThrownBy(() -> load(broken))
        .hasMessageContaining("cannot read the archive -: ")
        .hasMessageContaining("Input/output error");
    assertThat(count("blobs/parts")).isZero();
  }

  @ParameterizedTest
  @ValueSource(strings = {"layout", "zip"})
  void whatIsNoArchiveIsRefused(String format) {
    Commit commit = load(layout);
    Kept stream = new Kept();
    assertThatThrownBy(() -> commit.save(stream, format, "gzip"))
        .isInstanceOfSatisfying(
            MicaException.class,
            failure -> assertThat(failure.kind()).isEqualTo(MicaException.Kind.USAGE));
    assertThat(stream.size()).isZero();
  }
}
