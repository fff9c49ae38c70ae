package dev.mica.test;

import static org.junit.jupiter.api.extension.ConditionEvaluationResult.disabled;
import static org.junit.jupiter.api.extension.ConditionEvaluationResult.enabled;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * A test that mounts, makes devices, or gives files away. Without root it is skipped, and says so;
 * where {@code MICA_MUST_WORK=1} is set, as in CI, it fails instead.
 */
@Target({ElementType.TYPE, ElementType.METHOD})
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(NeedsRoot.Condition.class)
public @interface NeedsRoot {
  /** Reads the effective user from the kernel. */
  final class Condition implements ExecutionCondition {
    @Override
    public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
      return evaluate(isRoot(), "1".equals(System.getenv("MICA_MUST_WORK")));
    }

    static ConditionEvaluationResult evaluate(boolean isRoot, boolean mustWork) {
      if (!isRoot && mustWork) {
        throw new AssertionError("this test needs root, and MICA_MUST_WORK=1 forbids to skip it");
      }
      return isRoot ? enabled("running as root") : disabled("needs root");
    }

    private static boolean isRoot() {
      try {
        return Files.readAllLines(Path.of("/proc/self/status")).stream()
            .anyMatch(line -> line.matches("Uid:\\s+\\d+\\s+0\\s.*"));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
