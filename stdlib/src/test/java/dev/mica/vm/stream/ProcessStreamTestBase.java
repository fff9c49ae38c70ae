package dev.mica.vm.stream;

import dev.mica.test.FakeGuest;
import dev.mica.test.Scratch;
import dev.mica.vm.stream.ProcessStream.Exit;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;

/** A test of a stream to a guest that says what the test wants. */
@Timeout(300)
abstract class ProcessStreamTestBase {
  static final byte[] TOKEN = HexFormat.of().parseHex("00112233445566778899aabbccddeeff");
  static final byte[] HELLO = FakeGuest.frame('H', TOKEN);
  static final byte[] END = FakeGuest.frame('X', bytes("status=0"));
  static final Exit DONE = new Exit(0, 0, false);

  final Scratch scratch = new Scratch();
  final ByteArrayOutputStream out = new ByteArrayOutputStream();
  final ByteArrayOutputStream err = new ByteArrayOutputStream();

  @AfterEach
  void remove() {
    scratch.close();
  }

  static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  static byte[] joined(byte[]... parts) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    Arrays.stream(parts).forEach(all::writeBytes);
    return all.toByteArray();
  }

  interface Use {
    void of(ProcessStream stream) throws Exception;
  }

  final void with(FakeGuest.Part part, Use use) throws Exception {
    with(scratch.path("stream"), part, use);
  }

  static void with(Path socket, FakeGuest.Part part, Use use) throws Exception {
    try (FakeGuest _ = new FakeGuest(socket, part);
        ProcessStream stream = ProcessStream.connect(socket, TOKEN, "cat in web")) {
      use.of(stream);
    }
  }

  static <T> FutureTask<T> meanwhile(Callable<T> what) {
    FutureTask<T> task = new FutureTask<>(what);
    Thread.ofPlatform().daemon().start(task);
    return task;
  }

  final Exit run(ProcessStream stream) throws Exception {
    return stream.run(out, err);
  }
}
