package dev.mica.test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class NeedsRootTest {
  @Test
  void runsAsRoot() {
    assertThat(NeedsRoot.Condition.evaluate(true, true).isDisabled()).isFalse();
    assertThat(NeedsRoot.Condition.evaluate(true, false).isDisabled()).isFalse();
  }

  @Test
  void isSkippedWithItsReasonWithoutRoot() {
    assertThat(NeedsRoot.Condition.evaluate(false, false).getReason()).contains("needs root");
  }

  @Test
  void failsWithoutRootWhereAllMustWork() {
    assertThatThrownBy(() -> NeedsRoot.Condition.evaluate(false, true))
        .hasMessageContaining("MICA_MUST_WORK");
  }
}
