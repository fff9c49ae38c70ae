package dev.mica.core;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mica.failure.MicaException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FailureTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      textBlock =
          """
          1   | a/b  | ""          | 3 | cannot copy /t: a/b: Operation not permitted (open); run it as root, or as the owner of those files
          2   | a/b  | ""          | 1 | cannot copy /t: a/b: No such file or directory (open); check that it is there and spelled so
          2   | /t   | ""          | 1 | cannot copy /t: No such file or directory (open); check that it is there and spelled so
          5   | a    | ""          | 1 | cannot copy /t: a: Input/output error (open); the kernel's log (dmesg) says which device failed
          13  | a    | ""          | 3 | cannot copy /t: a: Permission denied (open); run it as root, or as the owner of those files
          16  | .    | ""          | 1 | cannot copy /t: Device or resource busy (open); end what uses it (fuser -vm shows who), then try again
          17  | ""   | ""          | 1 | cannot copy /t: File exists (open); choose a path where nothing is yet, or remove what is there
          18  | ""   | ""          | 1 | cannot copy /t: Invalid cross-device link (open); put both on one file system
          20  | a    | ""          | 1 | cannot copy /t: a: Not a directory (open); name a directory
          22  | ""   | unknown key | 1 | cannot copy /t: Invalid argument, unknown key (open)
          24  | a    | ""          | 1 | cannot copy /t: a: Too many open files (open); allow more open files with: ulimit -n
          28  | a    | ""          | 1 | cannot copy /t: a: No space left on device (open); free some space on that file system
          30  | a    | ""          | 1 | cannot copy /t: a: Read-only file system (open); choose a place on a file system that is mounted writable
          39  | a    | ""          | 1 | cannot copy /t: a: Directory not empty (open); choose a path where nothing is yet, or remove what is there
          71  | a    | ""          | 1 | cannot copy /t: a: Protocol error (open)
          95  | a    | an odd xattr| 1 | cannot copy /t: a: Operation not supported, an odd xattr (open); mica doctor shows what works here
          116 | a    | ""          | 1 | cannot copy /t: a: Stale file handle (open); try again when nothing moves directories there
          122 | a    | ""          | 1 | cannot copy /t: a: Disk quota exceeded (open); free some space on that file system
          4095| a    | ""          | 1 | cannot copy /t: a: error 4095 (open)
          """)
  void becomesOneSentence(int code, String path, String note, int exitStatus, String sentence) {
    MicaException e = failure(code, path.getBytes(StandardCharsets.UTF_8), note);
    assertThat(e).hasMessage(sentence);
    assertThat(e.kind().exitStatus()).isEqualTo(exitStatus);
    assertThat(e).hasCauseInstanceOf(CoreError.class);
  }

  @Test
  void staysOneLineWhateverTheFileIsCalled() {
    byte[] path = {'a', '\n', (byte) 0xff, 0x1b, '/', (byte) 0xc3, (byte) 0xa4};
    assertThat(failure(28, path, "").getMessage())
        .startsWith("cannot copy /t: a\\x0a\\xff\\x1b/ä: No space left");
  }

  @Test
  void keepsTheNumberForCallers() {
    MicaException e = failure(18, new byte[0], "");
    assertThat(e.getCause())
        .isInstanceOfSatisfying(
            CoreError.class, error -> assertThat(error.errno()).isEqualTo(Errno.EXDEV));
  }

  private static MicaException failure(int code, byte[] path, String note) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment error = arena.allocate(Failure.SIZE, 8);
      error.set(ValueLayout.JAVA_INT, Failure.CODE, -code);
      error.set(ValueLayout.JAVA_INT, Failure.PATH_LEN, path.length);
      error.setString(Failure.STEP, "open");
      MemorySegment.copy(path, 0, error, ValueLayout.JAVA_BYTE, Failure.PATH, path.length);
      error.setString(Failure.NOTE, note);
      return Failure.read(-code, error).of("copy", "/t");
    }
  }
}
