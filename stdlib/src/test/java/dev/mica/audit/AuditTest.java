package dev.mica.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mica.Mica;
import dev.mica.access.Caller;
import dev.mica.access.Deed;
import dev.mica.access.Door;
import dev.mica.access.Request;
import dev.mica.access.Role;
import dev.mica.failure.MicaException;
import dev.mica.state.StateDir;
import dev.mica.test.Child;
import dev.mica.test.Scratch;
import dev.mica.test.ScratchTest;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/** What is written, that it is whole, and that it is seen when it is not. */
@Timeout(300)
final class AuditTest extends ScratchTest {
  /** Files so small that a test needs several, and enough of them. */
  static final AuditLog.Limits SMALL = new AuditLog.Limits(20_000, 1000);

  private static final int WRITERS = 8;
  private static final int LINES = 40;
  private static final int ROUNDS = 12;

  private Path home() {
    return scratch.path("home");
  }

  private Path directory() {
    return home().resolve("audit");
  }

  private AuditLog log(AuditLog.Limits limits) {
    return new AuditLog(StateDir.at(home()), limits, InstantSource.system());
  }

  private Caller ann(Role role) {
    Door door = Door.ssh("192.0.2.7", "SHA256:abc");
    return Caller.of("ann", role, scratch.path(""), Map.of()).by(door);
  }

  private List<AuditLine> lines() {
    return mica.audit().list();
  }

  private AuditLine onlyLine() {
    assertThat(lines()).hasSize(1);
    return lines().getFirst();
  }

  private AuditVerified verified() {
    return mica.audit().verify();
  }

  private void requireIntact(long last) {
    assertThat(verified().problem()).isEmpty();
    assertThat(verified().last()).isEqualTo(last);
  }

  /** Writes {@code many} lines. */
  private void write(AuditLog log, int many) {
    Caller caller = ann(Role.OPERATOR).seenBy(log);
    for (int i = 0; i < many; i++) {
      caller.run(Role.OPERATOR, "make", "thing " + i, () -> {});
    }
  }

  @Test
  void whoDidWhatAndHowItWent() {
    Mica operator = mica.as(ann(Role.OPERATOR));
    operator.folder("new").create();
    AuditLine line = onlyLine();
    assertThat(line)
        .usingRecursiveComparison()
        .ignoringFields("time", "hash")
        .isEqualTo(
            new AuditLine(
                1,
                line.time(),
                "ann",
                "operator",
                "ssh",
                "192.0.2.7",
                "SHA256:abc",
                "",
                "make the directory " + scratch.path("new"),
                "ok",
                "",
                LineText.NONE,
                ""));
    requireIntact(1);
  }

  @Test
  void whoStartsTheProcessIsKnownByTheirUserId() {
    assertThatThrownBy(() -> mica.users().remove("nobody")).isInstanceOf(MicaException.class);
    AuditLine line = onlyLine();
    assertThat(line.door()).isEqualTo("local");
    assertThat(line.from()).isEqualTo("uid 0");
    assertThat(line.what()).isEqualTo("remove the user nobody");
    assertThat(line.outcome()).isEqualTo("failed");
    assertThat(line.why()).isEqualTo("cannot find the user nobody: there is none of that name");
  }

  @Test
  void aRefusalIsWrittenAndWhatOnlyLooksIsNot() {
    Mica viewer = mica.as(ann(Role.VIEWER));
    assertThat(viewer.unions().list()).isEmpty();
    assertThat(mica.users().list()).isEmpty();
    assertThat(lines()).isEmpty();
    assertThatThrownBy(() -> viewer.users().list()).isInstanceOf(MicaException.class);
    assertThatThrownBy(() -> viewer.folder("new").create()).isInstanceOf(MicaException.class);
    assertThat(lines())
        .extracting(AuditLine::what)
        .containsExactly("look at all users", "make the directory " + scratch.path("new"));
    assertThat(lines()).extracting(AuditLine::outcome).containsOnly("refused");
    assertThat(lines().getLast().why()).contains("ann is a viewer, and that is for an operator");
    assertThat(lines().getLast().role()).isEqualTo("viewer");
  }

  @Test
  void whatAChangeNeedsIsAPartOfIt() {
    Path lower = scratch.dir("lower");
    union("a", lower, scratch.path("up1"), scratch.path("at1"));
    union("b", lower, scratch.path("up2"), scratch.path("at2"));
    assertThat(mica.unions().removeAll()).hasSize(2);
    assertThat(lines())
        .extracting(AuditLine::what)
        .containsExactly("create the union a", "create the union b", "remove all unions");
  }

  @Test
  void aCommandIsOneLineAndAScriptIsOneBesidesItsChanges() {
    Caller caller = mica.as(ann(Role.ADMIN)).caller();
    String done =
        Request.command(
            "vm run",
            true,
            () -> caller,
            () -> {
              caller.run(Role.OPERATOR, "pull", "debian:12", () -> {});
              caller.run(Role.OPERATOR, "create the VM", "web", () -> {});
              return "done";
            });
    assertThat(done).isEqualTo("done");
    assertThat(onlyLine().what()).isEqualTo("pull debian:12; create the VM web");
    assertThat(onlyLine().command()).isEqualTo("vm run");
    String run =
        caller.script(
            "run a line of the language",
            () -> {
              caller.run(Role.OPERATOR, "remove the VM", "web", () -> {});
              return "run";
            });
    assertThat(run).isEqualTo("run");
    assertThat(lines().stream().skip(1))
        .extracting(AuditLine::what)
        .containsExactly("remove the VM web", "run a line of the language");
  }

  @Test
  void nobodyElseCanReadIt() throws IOException {
    mica.folder(scratch.path("new").toString()).create();
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(directory())))
        .isEqualTo("rwx------");
    for (Path file : List.of(directory().resolve("last"), newest())) {
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
          .isEqualTo("rw-------");
    }
    assertThatThrownBy(() -> mica.as(ann(Role.OPERATOR)).audit().list())
        .hasMessageContaining("cannot look at the audit: ann is an operator");
    assertThatThrownBy(() -> mica.as(ann(Role.OPERATOR)).audit().verify())
        .hasMessageContaining("cannot look at the audit: ann is an operator");
  }

  private Path newest() throws IOException {
    return new AuditFiles(directory()).all().getLast();
  }

  /** Somebody has changed something in the directory of the audit, which has 6 lines. */
  record Tampering(String name, String problem, Consumer<AuditTest> change) {
    @Override
    public String toString() {
      return name;
    }
  }

  private static Tampering text(String name, String problem, UnaryOperator<List<String>> change) {
    return new Tampering(
        name,
        problem,
        test -> {
          Path file = test.directory().resolve("000000000001.jsonl");
          List<String> lines = new ArrayList<>(Scratch.read(file).lines().toList());
          Scratch.write(file, String.join("\n", change.apply(lines)) + "\n");
        });
  }

  private static List<String> replaced(List<String> lines, int index, String with) {
    lines.set(index, with);
    return lines;
  }

  private static List<String> without(List<String> lines, int from, int to) {
    lines.subList(from, to).clear();
    return lines;
  }

  /** A line as it would be if its writer had written something else. */
  private static String forged(String line) {
    AuditLine was = LineText.read(line.getBytes(StandardCharsets.UTF_8)).orElseThrow();
    LineText.Link before = new LineText.Link(was.number() - 1, was.previous());
    Door door = new Door(was.door(), was.from(), was.key());
    Deed other =
        new Deed("bob", was.role(), door, was.command(), was.what(), Deed.Outcome.OK, was.why());
    return LineText.write(before, was.time(), other).text();
  }

  static final List<Tampering> TAMPERINGS =
      List.of(
          text(
              "a letter of a line",
              "the line 3 (FILE:3) is not as it was written",
              lines -> replaced(lines, 2, lines.get(2).replace("thing 2", "thing 7"))),
          text(
              "no JSON",
              "the line 3 (FILE:3) is not as it was written",
              lines -> replaced(lines, 2, "x")),
          text(
              "an empty line",
              "the line 3 (FILE:3) is not as it was written",
              lines -> replaced(lines, 2, "")),
          text(
              "a line with a hash of its own",
              "the line 4 was written after another line 3 (FILE:4)",
              lines -> replaced(lines, 2, forged(lines.get(2)))),
          text(
              "the last line with a hash of its own",
              "the line 6 is not the one that was written last (FILE:6)",
              lines -> replaced(lines, 5, forged(lines.get(5)))),
          text("a line removed", "the line 3 is missing (FILE:3)", lines -> without(lines, 2, 3)),
          text(
              "lines removed",
              "the lines 3 to 4 are missing (FILE:3)",
              lines -> without(lines, 2, 4)),
          text(
              "the first line removed",
              "the line 1 is missing (FILE:1)",
              lines -> without(lines, 0, 1)),
          text("the last line removed", "the line 6 is missing", lines -> without(lines, 5, 6)),
          text(
              "two lines exchanged",
              "the line 3 is missing (FILE:3)",
              lines -> {
                Collections.swap(lines, 2, 3);
                return lines;
              }),
          text(
              "a line twice",
              "the line 3 follows the line 3 (FILE:4)",
              lines -> {
                lines.add(3, lines.get(2));
                return lines;
              }),
          new Tampering(
              "all removed",
              "the lines 1 to 6 are missing",
              test -> Scratch.run("rm", test.directory() + "/000000000001.jsonl")),
          new Tampering(
              "the note of the last line removed",
              "the note of the last line, DIRECTORY/last, is missing or damaged",
              test -> Scratch.run("rm", test.directory() + "/last")));

  @ParameterizedTest
  @FieldSource("TAMPERINGS")
  void whatWasChangedIsFound(Tampering tampering) {
    write(log(SMALL), 6);
    requireIntact(6);
    tampering.change().accept(this);
    AuditVerified after = verified();
    String problem = tampering.problem();
    assertThat(after.problem())
        .isEqualTo(
            problem
                .replace("FILE", directory() + "/000000000001.jsonl")
                .replace("DIRECTORY", directory().toString()));
    assertThat(after.intact()).isFalse();
    write(log(SMALL), 1);
    assertThat(verified().intact())
        .as("whoever writes next hides nothing, unless only the note was missing")
        .isEqualTo(problem.startsWith("the note"));
  }

  @Test
  void aHashThatIsKeptElsewhereMustStillBeThere() throws IOException {
    write(log(SMALL), 3);
    String kept = verified().hash();
    write(log(SMALL), 3);
    assertThat(mica.audit().verify(kept).intact()).isTrue();
    Scratch.run("rm", "-r", directory().toString()); // by somebody who may
    write(log(SMALL), 6);
    requireIntact(6);
    assertThat(mica.audit().verify(kept).problem()).isEqualTo("no line has the hash " + kept);
  }

  @Test
  void aLineThatWasCutShortIsToldOfAndInNobodysWay() throws IOException {
    write(log(SMALL), 2);
    Path file = newest();
    String whole = Files.readString(file);
    String cut = whole.lines().toList().getLast().substring(0, 57);
    Files.writeString(file, whole + cut);
    assertThat(lines()).hasSize(2);
    write(log(SMALL), 1);
    assertThat(lines())
        .extracting(AuditLine::what)
        .containsExactly(
            "make thing 0",
            "make thing 1",
            "remove a line that was cut short, of 57 bytes",
            "make thing 0");
    assertThat(lines().get(2).why()).contains("{\"number\":2,");
    requireIntact(4);
  }

  @Test
  void itGoesOnInAnotherFileAndKeepsAFew() throws IOException {
    AuditLog.Limits few = new AuditLog.Limits(2_000, 3);
    write(log(few), 60);
    AuditFiles files = new AuditFiles(directory());
    assertThat(files.all()).hasSize(3);
    AuditVerified verified = verified();
    assertThat(verified.problem()).isEmpty();
    assertThat(verified.first())
        .isEqualTo(AuditFiles.first(files.all().getFirst()))
        .isGreaterThan(1);
    assertThat(verified.last()).isEqualTo(60);
    assertThat(lines())
        .extracting(AuditLine::number)
        .containsExactlyElementsOf(LongStream.rangeClosed(verified.first(), 60).boxed().toList());
    Files.delete(files.all().getFirst());
    assertThat(verified().problem()).startsWith("the lines " + verified.first() + " to ");
  }

  @Test
  void eightProcessesWriteOneChain() throws Exception {
    List<Process> writers =
        IntStream.range(0, WRITERS)
            .mapToObj(i -> Child.start(Child.command(AuditChild.class, home(), "w" + i, LINES)))
            .toList();
    for (Process writer : writers) {
      assertThat(writer.waitFor()).isZero();
    }
    requireIntact(WRITERS * LINES);
    assertThat(new AuditFiles(directory()).all()).hasSizeGreaterThan(2);
    for (int i = 0; i < WRITERS; i++) {
      String prefix = "write w" + i + " ";
      assertThat(lines().stream().map(AuditLine::what).filter(what -> what.startsWith(prefix)))
          .containsExactlyElementsOf(
              IntStream.range(0, LINES).mapToObj(line -> prefix + line).toList());
    }
  }

  @Test
  void aWriterThatIsKilledLeavesAWholeChain() throws Exception {
    long seed = System.nanoTime();
    System.out.println("AuditTest: seed " + seed);
    Random random = new Random(seed);
    for (int round = 0; round < ROUNDS; round++) {
      Process victim = Child.start(Child.command(AuditChild.class, home(), "v" + round, -1));
      try (BufferedReader said = victim.inputReader()) {
        assertThat(said.readLine()).isEqualTo("begun");
      }
      int more = lines().size() + random.nextInt(40);
      while (lines().size() < more) {
        Thread.onSpinWait();
      }
      victim.destroyForcibly().waitFor();
      write(log(SMALL), 1);
      assertThat(verified().problem()).as("round %d, seed %d", round, seed).isEmpty();
    }
  }

  /** What makes room goes on, and what could not be written is counted. */
  @Test
  void onAFullFileSystemItSaysWhatIsMissing() throws IOException {
    Path disk = scratch.dir("disk");
    Scratch.run("mount", "-t", "tmpfs", "-o", "size=4m", "full", disk.toString());
    mica = Mica.open(disk.resolve("home"));
    AuditLog log = new AuditLog(StateDir.at(disk.resolve("home")), SMALL, InstantSource.system());
    write(log, 3);
    Path filling = disk.resolve("filling");
    fill(filling);
    write(log, 3);
    assertThat(lines()).as("by what was kept in reserve").hasSize(6);
    int tries = 0;
    while (Head.read(disk.resolve("home/audit")).orElseThrow().lost() < 5) {
      fill(filling);
      write(log, 1);
      tries++;
      assertThat(tries).isLessThan(1000);
    }
    assertThat(verified().problem()).isEmpty();
    Files.delete(filling);
    write(log, 1);
    assertThat(lines().get(lines().size() - 2).what()).isEqualTo("write 5 lines");
    assertThat(lines().get(lines().size() - 2).why())
        .startsWith("there was no room for them since ");
    assertThat(verified().problem()).isEmpty();
  }

  private static void fill(Path file) {
    byte[] some = new byte[4096];
    try (var out = new java.io.FileOutputStream(file.toFile(), true)) {
      while (true) {
        out.write(some);
      }
    } catch (IOException full) {
      assertThat(full).hasMessageContaining("No space left");
    }
  }

  /** What is done was done, even if the thread that did it is to stop. */
  @Test
  void anInterruptedThreadWritesItsLine() {
    Thread.currentThread().interrupt();
    write(log(SMALL), 1);
    assertThat(Thread.interrupted()).isTrue();
    assertThat(lines()).hasSize(1);
  }
}
