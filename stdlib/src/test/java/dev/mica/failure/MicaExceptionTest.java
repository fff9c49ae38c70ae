package dev.mica.failure;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class MicaExceptionTest {
  static Stream<Arguments> sentences() {
    return Stream.of(
        Arguments.of(
            MicaException.failed("mount the union", "/mnt/u", "it is busy"),
            "cannot mount the union /mnt/u: it is busy",
            1),
        Arguments.of(
            MicaException.usage("read", "x", "no such word").hint("see mica help"),
            "cannot read x: no such word; see mica help",
            2),
        Arguments.of(
            MicaException.denied("remove", "/", "that is the root"),
            "cannot remove /: that is the root",
            3),
        Arguments.of(MicaException.failed("start", "", "no JDK"), "cannot start: no JDK", 1),
        Arguments.of(
            MicaException.failed("open", "a\nb\r\tc\0\u001b[31m\u009b", "why\nnot").hint("a\nb"),
            "cannot open a\\nb\\r\\tc\\x00\\x1b[31m\\x9b: why\\nnot; a\\nb",
            1));
  }

  /** Whoever catches what the JDK says need not look what it is. */
  @Test
  void whatTheSystemDoesNotPermitIsDenied() {
    MicaException failed = MicaException.failed("read", "/x", "permission denied");
    MicaException denied = failed.because(new AccessDeniedException("/x"));
    assertThat(denied.kind()).isEqualTo(MicaException.Kind.DENIED);
    assertThat(denied)
        .hasMessage("cannot read /x: permission denied; run it as root, or as the owner");
    assertThat(failed.hint("ask").because(new AccessDeniedException("/x")))
        .hasMessage("cannot read /x: permission denied; ask");
    assertThat(failed.because(new NoSuchFileException("/x")).kind())
        .isEqualTo(MicaException.Kind.FAILED);
  }

  @ParameterizedTest
  @MethodSource("sentences")
  void isOneSentenceAndAnExitStatus(MicaException e, String sentence, int exitStatus) {
    assertThat(e).hasMessage(sentence);
    assertThat(e.kind().exitStatus()).isEqualTo(exitStatus);
  }

  @Test
  void aHintKeepsKindCauseAndPlace() {
    Throwable cause = new IllegalStateException();
    MicaException plain = MicaException.denied("remove", "/x", "not yours");
    MicaException hinted = plain.because(cause).hint("ask");
    assertThat(hinted).hasCause(cause);
    assertThat(hinted.kind()).isEqualTo(MicaException.Kind.DENIED);
    assertThat(hinted.getStackTrace()).isEqualTo(plain.getStackTrace());
  }
}
