package dev.mica.container;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mica.access.Caller;
import dev.mica.commit.Commit;
import dev.mica.folder.Folder;
import dev.mica.state.StateDir;
import dev.mica.test.NeedsRoot;
import dev.mica.test.Scratch;
import dev.mica.vm.process.Poll;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Programs that write all the time, over what they wrote before too, and say what they were told is
 * on disk. A commit has all that was acknowledged before it, and is what a power cut would have
 * left.
 */
@NeedsRoot
@Timeout(600)
final class VmDatabaseTest {
  private static final int ROUNDS = 2;

  /** What takes longer hangs. */
  private static final Duration SOON = Duration.ofMinutes(3);

  private static final int SLOTS = 2048;
  private static final int SLOT = 4096;

  private static Scratch scratch;
  private static Vms vms;
  private static Folder base;
  private static TestPostgres postgres;

  /** What looks at the root of a commit; returns the last number that is in it. */
  @FunctionalInterface
  interface Check {
    int last(Path root) throws IOException;
  }

  record Workload(String name, String program, Check check) {
    @Override
    public String toString() {
      return name;
    }
  }

  /**
   * One slot after the other is written over and flushed, so at each moment the slots have the last
   * numbers in turn, and the one that is being written has the next or the one before.
   */
  private static final String RING =
      """
      import os
      slots, size = %d, %d
      ring = os.open("/ring", os.O_CREAT | os.O_RDWR)
      for n in range(slots):
          os.pwrite(ring, n.to_bytes(8, "little") * (size // 8), n * size)
      os.fsync(ring)
      n = slots
      while True:
          os.pwrite(ring, n.to_bytes(8, "little") * (size // 8), n %% slots * size)
          os.fdatasync(ring)
          print(n, flush=True)
          n += 1
      """
          .formatted(SLOTS, SLOT);

  private static final String SQLITE =
      """
      import sqlite3, sys
      db = sqlite3.connect("/data.db", isolation_level=None)
      db.execute("pragma journal_mode = %s")
      db.execute("pragma synchronous = full")
      db.execute("create table log (n integer primary key, pad text)")
      db.execute("create table total (n integer)")
      db.execute("insert into total values (0)")
      n = 0
      while True:
          n += 1
          db.execute("begin immediate")
          db.execute("insert into log values (?, ?)", (n, "x" * (n * 37 %% 1500)))
          db.execute("update total set n = n + 1")
          db.execute("update log set pad = ? where n = ?", ("y" * (n %% 800), n * 7919 %% n + 1))
          db.execute("commit")
          print(n, flush=True)
      """;

  static List<Workload> workloads() {
    return List.of(
        new Workload("ring", RING, VmDatabaseTest::ring),
        new Workload("sqlite", SQLITE.formatted("delete"), VmDatabaseTest::sqlite),
        new Workload("sqlite-wal", SQLITE.formatted("wal"), VmDatabaseTest::sqlite),
        new Workload(
            "postgres",
            """
            import os, subprocess, time
            user = %d
            os.setgroups([])
            os.setgid(user)
            os.setuid(user)
            programs = "%s"
            subprocess.Popen([programs + "/postgres", "-D", "/var/lib/pg", "-k", "/tmp", "-c", "listen_addresses=",
                              "-c", "shared_buffers=16MB"], stderr=subprocess.DEVNULL)
            psql = [programs + "/psql", "-X", "-q", "-A", "-t", "-h", "/tmp", "-v", "ON_ERROR_STOP=1", "postgres"]
            begin = "create table log (n int primary key, pad text); create table total (n int); insert into total values (0)"
            while subprocess.run(psql + ["-c", begin], stderr=subprocess.DEVNULL).returncode:
                time.sleep(0.2)
            session = subprocess.Popen(psql, stdin=subprocess.PIPE, text=True)
            n = 0
            while session.poll() is None:
                n += 1
                session.stdin.write(f"begin; insert into log values ({n}, repeat('x', {n * 37 %% 1500})); "
                    f"update total set n = n + 1; update log set pad = repeat('y', {n %% 800}) where n = {n * 7919 %% n + 1}; "
                    f"commit;\\n\\\\echo {n}\\n")
                session.stdin.flush()
            """
                .formatted(TestPostgres.USER, postgres.programs()),
            VmDatabaseTest::cluster));
  }

  @BeforeAll
  static void make() throws IOException {
    scratch = new Scratch();
    StateDir state = StateDir.at(scratch.path("home")).waiting(SOON);
    vms = TestVms.of(state);
    TestRoot root = TestRoot.busybox(scratch.dir("base")).withLab();
    String _ = TestRoot.run("chmod", "1777", root.path().resolve("tmp").toString());
    postgres = TestPostgres.find();
    postgres.putInto(root.path());
    base = Folder.of(Caller.ofProcess(), root.path());
  }

  @AfterAll
  static void remove() {
    for (Vm vm : vms.list()) {
      vm.kill();
      vm.remove();
    }
    scratch.awaitDigests();
    scratch.close();
  }

  @ParameterizedTest
  @MethodSource("workloads")
  void aCommitIsWhatAPowerCutWouldHaveLeft(Workload workload) throws IOException {
    String name = workload.name();
    Vm vm =
        vms.create(VmSpec.of(name, base, List.of("python3", "-B", "-c", workload.program())))
            .start();
    for (int round = 0; round < ROUNDS; round++) {
      int known = last(vm);
      assertThat(Poll.until(SOON, () -> last(vm) > known + 20)).as("it writes").isTrue();
      int before = last(vm);
      String ref = name + ":r" + round;
      Commit commit = vm.commit(new CommitSpec(ref, "", "", "touch /tmp/later" + round, List.of()));
      assertThat(commit.layer().resolve("tmp/later" + round)).doesNotExist();
      Path at = scratch.dir("at-" + name + round);
      commit.mount(at.toString());
      assertThat(workload.check().last(at)).as(ref).isGreaterThanOrEqualTo(before);
    }
    vm.kill();
    vm.remove();
  }

  private static int ring(Path root) throws IOException {
    ByteBuffer ring =
        ByteBuffer.wrap(Files.readAllBytes(root.resolve("ring"))).order(ByteOrder.LITTLE_ENDIAN);
    assertThat(ring.capacity()).isEqualTo(SLOTS * SLOT);
    long[] numbers = new long[SLOTS];
    long last = 0;
    for (int slot = 0; slot < SLOTS; slot++) {
      numbers[slot] = ring.getLong(slot * SLOT);
      last = Math.max(last, numbers[slot]);
      for (int at = 0; at < SLOT; at += Long.BYTES) {
        assertThat(ring.getLong(slot * SLOT + at)).as("slot " + slot).isEqualTo(numbers[slot]);
      }
    }
    for (int slot = 0; slot < SLOTS; slot++) {
      assertThat(numbers[slot])
          .as("slot " + slot + ", the last is " + last)
          .isEqualTo(last - (last - slot) % SLOTS);
    }
    return Math.toIntExact(last);
  }

  /** Its number is the last of the log, and how many there are, and the total. */
  private static int same(String said, Pattern pattern) {
    Matcher found = pattern.matcher(said);
    assertThat(found.find()).as(said).isTrue();
    assertThat(List.of(found.group(2), found.group(3))).containsOnly(found.group(1));
    return Integer.parseInt(found.group(1));
  }

  private static int sqlite(Path root) throws IOException {
    Path copy = scratch.dir("copy-" + root.getFileName());
    try (Stream<Path> all = Files.list(root)) {
      for (Path file : all.filter(path -> path.toString().contains("data.db")).toList()) {
        Path _ = Files.copy(file, copy.resolve(file.getFileName()));
      }
    }
    String said =
        TestRoot.run(
            "sqlite3",
            copy.resolve("data.db").toString(),
            "pragma integrity_check; select max(log.n), count(*), (select n from total) from log");
    assertThat(said).startsWith("ok\n");
    return same(said, Pattern.compile("(\\d+)\\|(\\d+)\\|(\\d+)"));
  }

  private static int cluster(Path root) throws IOException {
    String said =
        postgres.ask(
            root,
            scratch.path("copy-" + root.getFileName()),
            "create extension amcheck",
            "select bt_index_check('log_pkey', true)",
            "select max(log.n) || '|' || count(*) || '|' || (select n from total) as counts from log");
    assertThat(said).doesNotContain("ERROR").contains("bt_index_check");
    return same(said, Pattern.compile("counts = \"(\\d+)\\|(\\d+)\\|(\\d+)\""));
  }

  private static int last(Vm vm) {
    return vm.logs()
        .lines()
        .reduce((first, last) -> last)
        .map(line -> Integer.parseInt(line.substring(line.lastIndexOf(' ') + 1)))
        .orElse(-1);
  }
}
