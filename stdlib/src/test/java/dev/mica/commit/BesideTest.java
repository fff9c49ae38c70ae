package dev.mica.commit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mica.failure.MicaException;
import dev.mica.folder.Folder;
import dev.mica.folder.LayerSource;
import dev.mica.state.StateDir;
import dev.mica.test.Scratch;
import dev.mica.test.ScratchTest;
import dev.mica.union.Helper;
import dev.mica.union.Refusal;
import dev.mica.union.Union;
import dev.mica.union.UnionSpec;
import dev.mica.union.Unions;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What others can do while one operation takes long, and what they must not. */
@Timeout(300)
final class BesideTest extends ScratchTest {
  private static final Duration SHORT = Duration.ofMillis(50);

  private final CountDownLatch booting = new CountDownLatch(1);
  private final CountDownLatch booted = new CountDownLatch(1);
  private final CompletableFuture<String> slow = new CompletableFuture<>();
  private Union union;
  private Commit commit;

  /** Its VM boots until the test lets it, and then does not mount. */
  private final class Booting implements Helper {
    @Override
    public Optional<Refusal> refusal() {
      return Optional.empty();
    }

    @Override
    public void start() {
      booting.countDown();
      try {
        booted.await();
      } catch (InterruptedException stop) {
        throw new AssertionError(stop);
      }
    }

    @Override
    public void mount(Served union) {
      throw MicaException.failed("mount", union.name(), "this is a test");
    }

    @Override
    public void flush(String name) {}

    @Override
    public void clear(String name) {}

    @Override
    public Optional<String> problem(String name) {
      return Optional.empty();
    }
  }

  /** A union over a commit is being made: its helper VM boots. */
  @BeforeEach
  void begin() throws InterruptedException {
    require(UnionSpec.Via.KERNEL);
    scratch.file("lower/file", "lower");
    union = union("quick", scratch.path("lower"), scratch.path("up"), scratch.path("at"));
    scratch.file("at/new", "new");
    commit = mica.commits().create(union, "web:v1", "");
    Unions unions = new Unions(StateDir.at(scratch.path("home")), new Booting());
    Thread.ofPlatform()
        .start(() -> {
          try {
            unions.create(spec("slow", commit, "slow-up", "slow-at", UnionSpec.Via.GUEST));
            slow.complete("made");
          } catch (MicaException failure) {
            slow.complete(String.valueOf(failure.getMessage()));
          }
        });
    booting.await();
  }

  @AfterEach
  void end() {
    booted.countDown();
    slow.join();
  }

  private UnionSpec spec(
      String name, LayerSource lower, String upper, String at, UnionSpec.Via via) {
    Folder over = Folder.of(scratch.path(upper));
    return new UnionSpec(name, List.of(lower), over, null, Folder.of(scratch.path(at)), via);
  }

  @Test
  void otherUnionsAndCommitsAreMadeAndRemoved() {
    scratch.file("at/newer", "newer");
    Commit second = mica.commits().create(union, "web:v2", "");
    union.remove();
    union("third", scratch.path("lower"), scratch.path("third-up"), scratch.path("third-at"))
        .remove();
    assertThat(mica.unions().list()).isEmpty();
    assertThat(Scratch.read(second.layer().resolve("newer"))).isEqualTo("newer");
    second.remove();
    mica.commits().gc();
    assertThat(slow).isNotDone();
    booted.countDown();
    assertThat(slow.join()).contains("this is a test");
    assertThat(scratch.path("slow-up")).doesNotExist();
    assertThat(StateDir.at(scratch.path("home")).leftovers()).isEmpty();
    assertThat(mica.commits().list()).extracting(Commit::id).containsExactly(commit.id());
  }

  /** Its folders are taken though there is no such union yet. */
  @ParameterizedTest
  @CsvSource({
    "other-up, slow-at, slow-at",
    "slow-up, other-at, slow-up",
    "slow-at, other-at, slow-at"
  })
  void whatItTakesIsTaken(String upper, String at, String told) {
    Path lower = scratch.dir("other");
    UnionSpec taken = spec("other", Folder.of(lower), upper, at, UnionSpec.Via.KERNEL);
    assertThatThrownBy(() -> mica.unions().create(taken))
        .isInstanceOf(MicaException.class)
        .hasMessageContaining(scratch.path(told).toString())
        .hasMessageContaining("of the union slow overlap");
    assertThat(scratch.path(upper)).doesNotExist();
  }

  @Test
  void itsNameAndWhatItStandsOnAreTaken() {
    Unions others = new Unions(StateDir.at(scratch.path("home")).waiting(SHORT), new Booting());
    UnionSpec same =
        spec("slow", Folder.of(scratch.path("lower")), "o-up", "o-at", UnionSpec.Via.KERNEL);
    assertThatThrownBy(() -> others.create(same))
        .hasMessageContaining("the union slow is in use by process")
        .hasMessageContaining("to create the union slow");
    union.remove();
    assertThatThrownBy(commit::remove).hasMessageContaining("the union slow stands on it");
    assertThat(mica.commits().get("web:v1").id()).isEqualTo(commit.id());
  }
}
