package dev.mica.commit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mica.Mica;
import dev.mica.commit.Commit.Condition;
import dev.mica.commit.Commit.Verified;
import dev.mica.core.Core;
import dev.mica.core.Tree;
import dev.mica.failure.MicaException;
import dev.mica.folder.Folder;
import dev.mica.test.Lab;
import dev.mica.test.Scratch;
import dev.mica.test.ScratchTest;
import dev.mica.union.Union;
import dev.mica.union.UnionSpec;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** What is recorded of a layer, and that every change of one is found. */
final class VerifyTest extends ScratchTest {
  private static final String TIME = "2020-01-02T03:04:05.000000006Z";

  /** A change of a layer, and taking it back. */
  private interface Edit {
    void of(Path layer) throws IOException;
  }

  /** An edit that leaves size and time of {@code file} as they were. */
  private static Edit flip(long at) {
    return layer -> {
      Path file = layer.resolve("dir/big");
      FileTime time = Files.getLastModifiedTime(file);
      try (RandomAccessFile open = new RandomAccessFile(file.toFile(), "rw")) {
        open.seek(at);
        int old = open.read();
        open.seek(at);
        open.write(old ^ 1);
      }
      Files.setLastModifiedTime(file, time);
    };
  }

  private static Edit run(String... words) {
    return layer -> {
      String[] command = words.clone();
      command[command.length - 1] = layer.resolve(words[words.length - 1]).toString();
      Scratch.run(command);
    };
  }

  /** What it does in the folder {@code dir}, whose own time it keeps. */
  private static Edit inside(Edit edit) {
    return layer -> {
      FileTime time = Files.getLastModifiedTime(layer.resolve("dir"));
      edit.of(layer);
      Files.setLastModifiedTime(layer.resolve("dir"), time);
    };
  }

  private static void breakLink(Path layer) throws IOException {
    Path name = layer.resolve("dir/name");
    Path alone = layer.resolve("dir/alone");
    Scratch.run("cp", "-a", name.toString(), alone.toString());
    Files.move(alone, name, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
  }

  private static void mendLink(Path layer) throws IOException {
    Files.delete(layer.resolve("dir/name"));
    Files.createLink(layer.resolve("dir/name"), layer.resolve("dir/big"));
  }

  private record Case(Edit change, Edit back) {}

  private static Map<String, Case> cases() {
    Map<String, Case> all = new TreeMap<>();
    all.put("a bit at the start", new Case(flip(0), flip(0)));
    all.put("a bit behind a hole", new Case(flip(200_000), flip(200_000)));
    all.put(
        "an attribute",
        new Case(
            run("setfattr", "-n", "user.a", "-v", "2", "dir/big"),
            run("setfattr", "-n", "user.a", "-v", "1", "dir/big")));
    all.put(
        "an attribute more",
        new Case(
            run("setfattr", "-n", "trusted.b", "-v", "1", "link"),
            run("setfattr", "-x", "trusted.b", "link")));
    all.put(
        "an owner", new Case(run("chown", "-h", "7:0", "link"), run("chown", "-h", "0", "link")));
    all.put("a group", new Case(run("chgrp", "7", "dir"), run("chgrp", "0", "dir")));
    all.put("a mode", new Case(run("chmod", "u+s", "dir/big"), run("chmod", "u-s", "dir/big")));
    all.put(
        "a nanosecond",
        new Case(
            run("touch", "-d", "2020-01-02T03:04:05.000000007Z", "dir/big"),
            run("touch", "-d", TIME, "dir/big")));
    all.put(
        "a name more",
        new Case(
            inside(layer -> Files.createFile(layer.resolve("dir/more"))),
            inside(layer -> Files.delete(layer.resolve("dir/more")))));
    all.put(
        "a name less",
        new Case(
            inside(layer -> Files.move(layer.resolve("dir/few"), layer.resolveSibling("few"))),
            inside(layer -> Files.move(layer.resolveSibling("few"), layer.resolve("dir/few")))));
    all.put("a hard link", new Case(inside(VerifyTest::breakLink), inside(VerifyTest::mendLink)));
    all.put(
        "a whiteout",
        new Case(
            layer -> Files.move(layer.resolve("gone"), layer.resolveSibling("gone")),
            layer -> Files.move(layer.resolveSibling("gone"), layer.resolve("gone"))));
    all.put("a flag", new Case(run("chattr", "+i", "dir/few"), run("chattr", "-i", "dir/few")));
    return all;
  }

  private static void fill(Path at) throws IOException {
    Files.delete(at.resolve("gone"));
    Files.createDirectory(at.resolve("dir"));
    Scratch.write(at.resolve("dir/few"), "few");
    try (RandomAccessFile big = new RandomAccessFile(at.resolve("dir/big").toFile(), "rw")) {
      big.write(new byte[] {1, 2, 3});
      big.seek(200_000); // not in the first block, and behind a hole
      big.write(new byte[] {4, 5, 6});
    }
    Files.createLink(at.resolve("dir/name"), at.resolve("dir/big"));
    Files.createSymbolicLink(at.resolve("link"), Path.of("dir/few"));
    Scratch.run("setfattr", "-n", "user.a", "-v", "1", at.resolve("dir/big").toString());
    Scratch.run("touch", "-d", TIME, at.resolve("dir/big").toString());
  }

  private Union union(Path upper, Path at, UnionSpec.Via via) {
    scratch.file("lower/gone", "lower");
    return mica.unions()
        .create(
            new UnionSpec(
                null,
                List.of(Folder.of(scratch.path("lower"))),
                Folder.of(upper),
                null,
                Folder.of(at),
                via));
  }

  private Commit commit(UnionSpec.Via via) throws IOException {
    Union union = union(scratch.path("upper"), scratch.path("at"), via);
    fill(scratch.path("at"));
    return mica.commits().create(union, "web:v1", "");
  }

  private static Condition condition(Commit commit) {
    List<Verified> found = commit.verify();
    assertThat(found).hasSize(1);
    assertThat(found.getFirst().id()).isEqualTo(commit.id());
    return found.getFirst().condition();
  }

  private void everyChangeIsFound(Commit commit) throws IOException {
    scratch.awaitDigests();
    String digest = commit.recordedDigest().orElseThrow();
    assertThat(condition(commit)).isEqualTo(Condition.INTACT);
    FileTime top = Files.getLastModifiedTime(commit.layer());
    for (Map.Entry<String, Case> one : cases().entrySet()) {
      one.getValue().change().of(commit.layer());
      Files.setLastModifiedTime(commit.layer(), top);
      assertThat(condition(commit)).as(one.getKey()).isEqualTo(Condition.CHANGED);
      one.getValue().back().of(commit.layer());
      Files.setLastModifiedTime(commit.layer(), top);
      assertThat(condition(commit)).as(one.getKey() + ", taken back").isEqualTo(Condition.INTACT);
    }
    assertThat(commit.recordedDigest()).contains(digest);
    assertThat(commit.digest()).isEqualTo(digest);
  }

  @Test
  void everyChangeOfARotatedLayerIsFound() throws IOException {
    Commit commit = commit(UnionSpec.Via.AUTO);
    assertThat(commit.method()).isEqualTo(Commit.Method.ROTATE);
    everyChangeIsFound(commit);
  }

  @Test
  void everyChangeOfACopiedLayerIsFound() throws IOException {
    Union union = union(scratch.path("upper"), scratch.path("at"), UnionSpec.Via.AUTO);
    fill(scratch.path("at"));
    try (InputStream busy = Files.newInputStream(scratch.path("at/dir/few"))) {
      Commit commit = mica.commits().create(union, "web:v1", "");
      assertThat(commit.method()).isEqualTo(Commit.Method.COPY);
      everyChangeIsFound(commit);
      assertThat(busy.read()).isEqualTo('f');
    }
  }

  @Test
  void everyChangeOfAClonedLayerIsFound() throws IOException {
    Path disk = scratch.fileSystem("disk", "xfs", 320);
    mica = Mica.open(disk.resolve("home"));
    Union union = union(disk.resolve("upper"), scratch.path("at"), UnionSpec.Via.AUTO);
    fill(scratch.path("at"));
    try (InputStream busy = Files.newInputStream(scratch.path("at/dir/few"))) {
      Commit commit = mica.commits().create(union, "web:v1", "");
      assertThat(commit.method()).isEqualTo(Commit.Method.REFLINK);
      everyChangeIsFound(commit);
      assertThat(busy.read()).isEqualTo('f');
    }
  }

  @Test
  void everyChangeOfALayerOfAHelperVmIsFound() throws IOException {
    require(UnionSpec.Via.GUEST);
    everyChangeIsFound(commit(UnionSpec.Via.GUEST));
    mica.unions().removeAll();
    mica.host().helper().stop();
  }

  /** The lab computes it from the words that describe it, and a copy has it wherever it lies. */
  @Test
  void theDigestIsOneOfTheTreeAlone() throws IOException {
    Commit commit = commit(UnionSpec.Via.AUTO);
    scratch.awaitDigests();
    String digest = commit.recordedDigest().orElseThrow();
    Scratch.run("cp", "-a", commit.layer().toString(), scratch.path("copy").toString());
    assertThat(Core.treeDigest(Tree.plain(scratch.path("copy"))).digest()).isEqualTo(digest);
    try (Lab lab = new Lab()) {
      assertThat(lab.ask("digest", commit.layer())).containsExactly(digest.substring(7));
      assertThat(lab.ask("digest", scratch.path("copy"))).containsExactly(digest.substring(7));
    }
  }

  @Test
  void allLayersThatACommitStandsOnAreVerified() throws IOException {
    Union union = union(scratch.path("upper"), scratch.path("at"), UnionSpec.Via.AUTO);
    fill(scratch.path("at"));
    Commit one = mica.commits().create(union, "web:v1", "");
    Scratch.write(scratch.path("at/two"), "two");
    Commit two = mica.commits().create(union, "web:v2", "");
    scratch.awaitDigests();
    flip(1).of(one.layer());
    assertThat(two.verify())
        .extracting(Verified::id, Verified::condition)
        .containsExactly(
            org.assertj.core.groups.Tuple.tuple(two.id(), Condition.INTACT),
            org.assertj.core.groups.Tuple.tuple(one.id(), Condition.CHANGED));
    assertThat(two.verify().getLast().refs()).containsExactly("web:v1");
    assertThat(mica.commits().verify(List.of("web:v1", "web:v2", two.id()))).hasSize(2);
    assertThat(mica.commits().verify())
        .extracting(Verified::isBad)
        .containsExactlyInAnyOrder(true, false);
    assertThatThrownBy(() -> mica.commits().verify(List.of("web:v1", "wep:v1")))
        .isInstanceOf(MicaException.class)
        .hasMessageContaining("wep:v1");
  }

  private Path record(Commit commit) {
    return scratch.path("home/digests/" + commit.id() + ".json");
  }

  /** As of an older Mica, or where the process that records it was killed. */
  @Test
  void aDigestThatIsMissingIsRecordedByWhoeverNeedsIt() throws IOException {
    Commit old = commit(UnionSpec.Via.AUTO);
    scratch.awaitDigests();
    String digest = old.recordedDigest().orElseThrow();
    Files.delete(record(old));
    assertThat(old.recordedDigest()).isEmpty();
    assertThat(condition(old)).isEqualTo(Condition.RECORDED);
    assertThat(condition(old)).isEqualTo(Condition.INTACT);

    Files.delete(record(old));
    assertThat(old.digest()).isEqualTo(digest);
    assertThat(old.recordedDigest()).contains(digest);

    Files.delete(record(old));
    Scratch.write(scratch.path("at/two"), "two");
    mica.commits().create(mica.unions().list().getFirst(), "web:v2", "");
    scratch.awaitDigests();
    assertThat(old.recordedDigest()).contains(digest);
    assertThat(scratch.path("home/digests")).isDirectoryNotContaining("glob:**/.*");
  }

  /** Computed anew it would hide what happened. */
  @Test
  void aDamagedRecordIsToldAndStays() throws IOException {
    Commit commit = commit(UnionSpec.Via.AUTO);
    scratch.awaitDigests();
    Files.writeString(record(commit), "{}");
    Verified found = commit.verify().getFirst();
    assertThat(found.condition()).isEqualTo(Condition.UNREADABLE);
    assertThat(found.detail()).contains(record(commit).toString());
    assertThat(found.isBad()).isTrue();
    assertThat(record(commit)).hasContent("{}");
  }

  @Test
  void anotherVersionsDigestIsNotCompared() throws IOException {
    Commit commit = commit(UnionSpec.Via.AUTO);
    scratch.awaitDigests();
    String text = Files.readString(record(commit));
    Files.writeString(record(commit), text.replaceFirst("\"manifest\" : 2", "\"manifest\" : 3"));
    assertThat(commit.verify().getFirst().condition()).isEqualTo(Condition.UNREADABLE);
    assertThat(commit.verify().getFirst().detail()).contains("version 3");
  }

  @Test
  void aLayerThatIsNotThereIsTold() throws IOException {
    Commit commit = commit(UnionSpec.Via.AUTO);
    scratch.awaitDigests();
    mica.unions().removeAll();
    Core.discard(commit.layer());
    Verified found = commit.verify().getFirst();
    assertThat(found.condition()).isEqualTo(Condition.UNREADABLE);
    assertThat(found.detail()).contains(commit.layer().toString());
  }

  /**
   * Its layer is still below another: that is verified, and there is no commit to record it for.
   */
  @Test
  void aLayerWhoseCommitsRecordIsLostIsVerified() throws IOException {
    Commit one = commit(UnionSpec.Via.AUTO);
    Scratch.write(scratch.path("at/two"), "two");
    Commit two = mica.commits().create(mica.unions().list().getFirst(), "web:v2", "");
    scratch.awaitDigests();
    Files.delete(scratch.path("home/commits/" + one.id() + ".json"));
    assertThat(mica.commits().gc()).isEmpty(); // neither the layer nor its digest: it is in use
    assertThat(two.verify().getLast().condition()).isEqualTo(Condition.INTACT);
    flip(1).of(one.layer());
    assertThat(two.verify().getLast().condition()).isEqualTo(Condition.CHANGED);
    Files.delete(record(one));
    assertThat(two.verify().getLast().condition()).isEqualTo(Condition.UNRECORDED);
    assertThat(record(one)).doesNotExist();
  }

  @Test
  void aStoreThatCannotBeWrittenIsVerifiedAndGetsNothing() throws IOException {
    Path disk = scratch.fileSystem("disk", "ext4", 32);
    mica = Mica.open(disk.resolve("home"));
    Commit one = commit(UnionSpec.Via.AUTO);
    Scratch.write(scratch.path("at/two"), "two");
    Commit two = mica.commits().create(mica.unions().list().getFirst(), "web:v2", "");
    scratch.awaitDigests();
    mica.unions().removeAll();
    Files.delete(disk.resolve("home/digests/" + one.id() + ".json"));
    Scratch.run("mount", "-o", "remount,ro", disk.toString());
    List<Verified> found = Mica.open(disk.resolve("home")).commits().verify();
    assertThat(found)
        .extracting(Verified::condition)
        .containsExactly(Condition.INTACT, Condition.UNRECORDED);
    assertThat(found.getLast().detail()).contains("Read-only file system");
    assertThat(found.getLast().isBad()).isFalse();
    assertThat(two.recordedDigest()).isPresent();
    assertThat(one.recordedDigest()).isEmpty();
  }

  @Test
  void whatIsRemovedTakesItsDigestAlong() throws IOException {
    Commit commit = commit(UnionSpec.Via.AUTO);
    scratch.awaitDigests();
    mica.unions().removeAll();
    commit.remove();
    assertThat(scratch.path("home/digests")).isEmptyDirectory();
    Scratch.write(scratch.path("home/digests/0123456789ab.json"), "{}");
    assertThat(mica.commits().gc()).isEmpty();
    assertThat(scratch.path("home/digests")).isEmptyDirectory();
  }

  /** A digest that is computed meanwhile must not come after it, by whomever. */
  @Test
  void commitsThatAreRemovedMeanwhileLeaveNothing() throws Exception {
    scratch.file("lower/gone", "lower");
    for (int i = 0; i < 12; i++) {
      Path at = scratch.path("at" + i);
      Union union = union(scratch.path("upper" + i), at, UnionSpec.Via.AUTO);
      Files.write(at.resolve("big"), new byte[i << 18]);
      for (int name = 0; name < 40 * i; name++) {
        Scratch.write(at.resolve("d" + name % 7 + "/f" + name), "text " + name);
      }
      Commit commit = mica.commits().create(union, "web:v" + i, "");
      union.remove();
      List<Verified> found = new java.util.concurrent.CopyOnWriteArrayList<>();
      Thread verify = Thread.ofPlatform().start(() -> found.addAll(mica.commits().verify()));
      commit.remove();
      verify.join();
      assertThat(found)
          .extracting(Verified::condition)
          .doesNotContain(Condition.CHANGED, Condition.UNREADABLE);
      assertThat(commit.layer()).doesNotExist();
    }
    scratch.awaitDigests();
    assertThat(scratch.path("home/digests")).isEmptyDirectory();
    assertThat(scratch.path("home/layers")).isEmptyDirectory();
    assertThat(scratch.path("home/trash")).isEmptyDirectory();
  }

  @Test
  void whatNobodyMayReadIsReadByRoot() throws IOException {
    Union union = union(scratch.path("upper"), scratch.path("at"), UnionSpec.Via.AUTO);
    Scratch.write(scratch.path("at/secret/file"), "text");
    Scratch.run("chmod", "0", scratch.path("at/secret/file").toString());
    Scratch.run("chmod", "0", scratch.path("at/secret").toString());
    Commit commit = mica.commits().create(union, "web:v1", "");
    scratch.awaitDigests();
    assertThat(commit.recordedDigest()).isPresent();
    assertThat(
            Files.getPosixFilePermissions(
                commit.layer().resolve("secret"), LinkOption.NOFOLLOW_LINKS))
        .isEmpty();
    assertThat(condition(commit)).isEqualTo(Condition.INTACT);
  }
}
