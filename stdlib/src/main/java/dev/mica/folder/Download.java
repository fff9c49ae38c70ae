package dev.mica.folder;

import dev.mica.remote.SftpClient;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/** Copies a place of another host here. What the other host says is not believed. */
final class Download {
  /** Without setuid and setgid: the owner is another one here. */
  private static final int KEPT = 01777;

  private final SftpFolder source;
  private final SftpClient client;
  private final Extraction extraction;
  private final Path target;

  private Download(SftpFolder source, SftpClient client, Extraction extraction, Path target) {
    this.source = source;
    this.client = client;
    this.extraction = extraction;
    this.target = target;
  }

  static void of(SftpFolder source, Path target) {
    Extraction.of(
        source.caller(),
        source,
        "copy",
        target,
        (activity, extraction) ->
            source.ask(
                "copy",
                client -> {
                  new Download(source, client, extraction, target).run();
                  return target;
                }));
  }

  private void run() throws IOException {
    Deque<Entry> left = new ArrayDeque<>();
    left.push(SftpFolder.entry(Name.ROOT, client.linkStatus(source.bytes())));
    while (!left.isEmpty()) {
      Entry entry = left.pop();
      plant(entry);
      if (entry.type() == Type.DIRECTORY) {
        for (Entry below : SftpFolder.list(client, source.bytes(entry.path())).reversed()) {
          left.push(SftpFolder.below(below, entry.path()));
        }
      }
    }
  }

  private void plant(Entry entry) throws IOException {
    String name = entry.path().equals(Name.ROOT) ? "" : entry.path().exactText();
    int mode = entry.mode() < 0 ? -1 : entry.mode() & KEPT;
    Extraction.Meta meta = new Extraction.Meta(mode, -1, -1, FileTime.from(entry.modified()));
    byte[] path = source.bytes(entry.path());
    switch (entry.type()) {
      case DIRECTORY -> here(() -> extraction.directory(name, meta), null);
      case SYMLINK -> {
        String text = Name.of(client.linkText(path)).exactText();
        here(() -> extraction.symlink(name, meta, text), null);
      }
      case FILE -> {
        try (Content content = new Content(client.read(path))) {
          here(() -> extraction.file(name, meta, content), content);
        }
      }
      case FIFO, SOCKET, BLOCK_DEVICE, CHARACTER_DEVICE ->
          throw extraction.refused(name, "it is a device or a pipe");
    }
  }

  @FunctionalInterface
  private interface Step {
    void run() throws IOException;
  }

  /** A failure here is one of the target, unless the content could not be read. */
  private void here(Step step, @Nullable Content content) throws IOException {
    try {
      step.run();
    } catch (IOException failure) {
      if (content != null && content.broken) {
        throw failure;
      }
      throw Failures.of("copy " + source + " to", target, failure);
    }
  }

  /** Knows whether it was the reading that failed. */
  private static final class Content extends FilterInputStream {
    private boolean broken;

    Content(InputStream in) {
      super(in);
    }

    @Override
    public int read(byte[] into, int offset, int length) throws IOException {
      broken = true;
      int n = super.read(into, offset, length);
      broken = false;
      return n;
    }
  }
}
