package dev.mica.image;

import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import dev.mica.job.Activity;
import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicLong;

/**
 * An image for another Mica, which asks for those of its blobs that it lacks. It gets these and
 * nothing else of the store.
 */
final class Offer implements Activity.Work {
  private static final int BUFFER = 256 << 10;

  /** A blob is asked for once more where what an earlier try has left was wrong. */
  private static final int MOST_ASKED = 4;

  private final Image image;
  private final PeerStream stream;
  private final String doing;
  private final String object;
  private final Map<String, Integer> asked = new HashMap<>();
  private final AtomicLong blobs = new AtomicLong();
  private volatile long wantedBlobs;
  private volatile long wanted;
  private final AtomicLong sent = new AtomicLong();

  /**
   * Of {@code image}.
   *
   * @param doing what is done ("push to"), and {@code object} to what, as messages say it
   */
  Offer(Image image, PeerStream stream, String doing, String object) {
    this.image = image;
    this.stream = stream;
    this.doing = doing;
    this.object = object;
  }

  /** Answers until the other side says that the image is there. */
  void serve() throws IOException {
    String text = doing.equals("push to") ? "push " + object : doing + " " + object;
    try (Activity activity = Activity.begin(text, OptionalLong.empty(), this)) {
      while (!answer(activity)) {
        stream.flush();
      }
    }
  }

  /** Answers one line; true if it was the last. */
  private boolean answer(Activity activity) throws IOException {
    String line = line(activity);
    String[] words = line.split(" ", -1);
    switch (words[0] + " " + words.length) {
      case "image 1" -> manifest();
      case "want 3" -> {
        wantedBlobs = stream.number(words[1], Integer.MAX_VALUE);
        wanted = stream.number(words[2], Long.MAX_VALUE);
      }
      case "blob 3" -> blob(words[1], words[2], activity);
      case "done 2" -> {
        if (!words[1].equals(image.manifest().self().digest())) {
          throw stream.wrong("it has made another image of it");
        }
        return true;
      }
      default -> throw stream.wrong("it asks for something else than an image and its blobs");
    }
    return false;
  }

  private String line(Activity activity) throws IOException {
    try {
      return stream.line();
    } catch (EOFException left) {
      throw left;
    } catch (IOException interrupted) {
      activity.check();
      throw interrupted;
    }
  }

  private void manifest() throws IOException {
    if (asked.merge("", 1, Integer::sum) > MOST_ASKED) {
      throw stream.wrong("it asks for the manifest again and again");
    }
    byte[] content = image.manifest().content();
    stream.say("image " + image.manifest().self().mediaType() + " " + content.length);
    stream.send(content, content.length);
  }

  private void blob(String digest, String begin, Activity activity) throws IOException {
    Descriptor blob =
        blobs().stream()
            .filter(one -> one.digest().equals(digest))
            .findFirst()
            .orElseThrow(() -> stream.wrong("it asks for a blob that the image has not"));
    long from = stream.number(begin, blob.size());
    if (asked.merge(digest, 1, Integer::sum) > MOST_ASKED) {
      throw stream.wrong("it asks for the blob " + digest + " again and again");
    }
    stream.say("blob " + (blob.size() - from));
    boolean layer = !digest.equals(image.manifest().config().digest());
    if (layer) {
      sent.addAndGet(from);
    }
    send(blob, from, layer, activity);
    if (layer) {
      blobs.incrementAndGet();
    }
  }

  private List<Descriptor> blobs() {
    List<Descriptor> all = new ArrayList<>(image.manifest().layers());
    all.add(image.manifest().config());
    return all;
  }

  private void send(Descriptor blob, long from, boolean layer, Activity activity)
      throws IOException {
    byte[] buffer = new byte[BUFFER];
    try (InputStream in = open(blob, from)) {
      for (long left = blob.size() - from; left > 0; ) {
        activity.check();
        int n = in.read(buffer, 0, (int) Math.min(buffer.length, left));
        if (n < 0) {
          throw MicaException.failed(doing, object, "the blob " + blob.digest() + " is cut short")
              .hint("see mica commit verify");
        }
        stream.send(buffer, n);
        left -= n;
        if (layer) {
          sent.addAndGet(n);
        }
      }
    }
  }

  private InputStream open(Descriptor blob, long from) {
    try {
      InputStream in =
          blob.digest().equals(image.manifest().config().digest())
              ? new ByteArrayInputStream(image.config())
              : new FileInputStream(file(blob).toFile());
      in.skipNBytes(from);
      return in;
    } catch (IOException broken) {
      throw MicaException.failed(doing, object, Why.of(broken)).because(broken);
    }
  }

  private Path file(Descriptor blob) {
    return image.layers().stream()
        .filter(layer -> layer.blob().digest().equals(blob.digest()))
        .findFirst()
        .orElseThrow()
        .file();
  }

  @Override
  public long entries() {
    return blobs.get();
  }

  @Override
  public long bytes() {
    return sent.get();
  }

  @Override
  public long totalBytes() {
    return wanted;
  }

  @Override
  public String step() {
    return wantedBlobs == 0 ? "" : blobs.get() + " of " + wantedBlobs + " blobs";
  }

  /** Whoever waits for the other side is interrupted. */
  @Override
  public void cancel() {}
}
