package dev.mica.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class PlatformTest {
  private static final List<String> ALL =
      List.of("linux/arm/v7", "linux/arm/v6", "linux/arm64/v8", "linux/amd64", "windows/amd64");

  private static String choose(List<String> all, String wanted) {
    return Platform.choose(
        "an image",
        all,
        text -> text.isEmpty() ? Optional.empty() : Optional.of(Platform.parse(text)),
        Platform.parse(wanted));
  }

  @Test
  void theOneThatFitsIsChosen() {
    assertThat(choose(ALL, "linux/amd64")).isEqualTo("linux/amd64");
    assertThat(choose(ALL, "linux/x86_64")).isEqualTo("linux/amd64");
    assertThat(choose(ALL, "linux/arm64")).isEqualTo("linux/arm64/v8");
    assertThat(choose(ALL, "linux/arm")).isEqualTo("linux/arm/v7");
    assertThat(choose(ALL, "linux/arm/v6")).isEqualTo("linux/arm/v6");
    assertThat(choose(List.of("linux/arm"), "linux/arm/v7")).isEqualTo("linux/arm");
    assertThat(choose(List.of(""), "linux/arm/v7")).isEmpty();
  }

  @Test
  void whereNoneFitsThoseThereAreAreNamed() {
    assertThatThrownBy(() -> choose(ALL, "linux/s390x"))
        .hasMessage(
            "cannot choose from an image: it has no image for linux/s390x; name one of those that it"
                + " has: --platform linux/arm/v7, linux/arm/v6, linux/arm64, linux/amd64,"
                + " windows/amd64");
    assertThatThrownBy(() -> choose(List.of("", ""), "linux/arm"))
        .hasMessage("cannot choose from an image: it has no image for linux/arm");
  }

  @Test
  void whatIsNoPlatformIsRefused() {
    for (String text : List.of("", "linux", "linux/", "/amd64", "a/b/c/d", "linux/am d64")) {
      assertThatThrownBy(() -> Platform.parse(text))
          .hasMessageContaining("cannot read the platform");
    }
  }

  @Test
  void thisMachineHasOne() {
    assertThat(Platform.ofHost().os()).isEqualTo("linux");
    assertThat(Platform.ofHost().architecture()).isNotEqualTo("x86_64");
  }
}
