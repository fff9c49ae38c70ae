package dev.mica.shell;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.belongToAnyOf;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.equivalentTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.type;
import static com.tngtech.archunit.core.domain.properties.HasModifiers.Predicates.modifier;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noMethods;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import dev.mica.access.Caller;
import dev.mica.access.Reached;
import dev.mica.core.FileChange;
import dev.mica.core.FileHandle;
import dev.mica.core.FileSpace;
import dev.mica.core.FileStatus;
import dev.mica.core.OpenFile;
import dev.mica.core.OpenFlag;
import dev.mica.union.Helper;
import dev.mica.union.UnionLayers;
import dev.mica.vm.Console;
import dev.mica.vm.Machine;
import dev.mica.vm.VmSchema;
import dev.mica.vm.share.Share;
import dev.mica.vm.stream.Attachable;
import dev.mica.vm.stream.ProcessStream;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What may know what. It lives here because the shell sees every module. */
final class ArchitectureTest {
  /** A public type is a promise, so those that the world outside stdlib may use are counted. */
  private static final Map<String, Integer> PUBLIC_TYPES =
      Map.ofEntries(
          Map.entry("", 2),
          Map.entry("host", 3),
          Map.entry("helper", 3),
          Map.entry("files", 4),
          Map.entry("container", 17),
          Map.entry("commit", 9),
          Map.entry("union", 9),
          Map.entry("user", 5),
          Map.entry("audit", 6),
          Map.entry("background", 4),
          Map.entry("local", 5),
          Map.entry("session", 7),
          Map.entry("folder", 8),
          Map.entry("vm", 5),
          Map.entry("schema", 8),
          Map.entry("access", 7),
          Map.entry("core", 5),
          Map.entry("job", 1),
          Map.entry("failure", 3));

  private static final JavaClasses MICA =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .withImportOption(location -> !location.contains("-tests.jar")) // what stdlib lends
          .importPackages("dev.mica");

  private static final DescribedPredicate<JavaClass> STDLIB =
      resideInAPackage("dev.mica..")
          .and(
              not(resideInAnyPackage("dev.mica.scripting..", "dev.mica.ssh..", "dev.mica.shell..")))
          .as("classes of stdlib");

  /** The rooms of stdlib: each may know those behind it. */
  private static final List<String> ROOMS =
      List.of(
          "host",
          "helper",
          "files",
          "license",
          "container",
          "image",
          "commit",
          "union",
          "user",
          "background",
          "audit",
          "local",
          "session",
          "folder",
          "remote",
          "vm",
          "schema",
          "access",
          "state",
          "core",
          "job",
          "failure",
          "text");

  private static final List<String> ROOMS_OF_LICENCES = List.of("engine", "wire", "key", "ledger");

  private static final List<String> ROOMS_OF_MACHINES =
      List.of("network", "share", "qemu", "guest", "agent", "stream", "process");

  /** Public for the other packages of stdlib only, which Java cannot say without a module. */
  private static final DescribedPredicate<JavaClass> INTERNAL =
      resideInAnyPackage(
              "dev.mica.core..",
              "dev.mica.state..",
              "dev.mica.text..",
              "dev.mica.vm..",
              "dev.mica.remote..",
              "dev.mica.image..",
              "dev.mica.license..")
          .and(
              not(
                  belongToAnyOf(
                      FileChange.class,
                      FileChange.Owner.class,
                      FileChange.Times.class,
                      FileHandle.class,
                      FileSpace.class,
                      FileStatus.class,
                      OpenFile.Entry.class,
                      OpenFlag.class,
                      Share.class,
                      VmSchema.class,
                      Console.class,
                      Attachable.class,
                      ProcessStream.class,
                      ProcessStream.Exit.class,
                      ProcessStream.Listener.class,
                      Machine.Part.class,
                      Machine.State.class,
                      Machine.Status.class)))
          .as("something internal");

  private static final String[] GROOVY = {
    "groovy..", "groovyjarjar*..", "org.apache.groovy..", "org.codehaus.groovy.."
  };
  private static final String[] JLINE = {"org.jline.."};
  private static final String[] SSH = {"org.apache.sshd.."};
  private static final String[] RATIS = {"org.apache.ratis.."};
  private static final String[] PICOCLI = {"picocli.."};

  @Test
  void everyModuleIsSeen() {
    for (String name :
        Stream.concat(ROOMS.stream(), Stream.of("scripting", "ssh", "shell")).toList()) {
      assertThat(MICA.that(resideInAPackage("dev.mica." + name + "..")))
          .as("classes of dev.mica.%s", name)
          .isNotEmpty();
    }
  }

  @Test
  void stdlibKnowsNeitherTheLanguageNorTheTerminal() {
    for (String[] packages : List.of(GROOVY, JLINE, SSH, PICOCLI)) {
      forbid(STDLIB, packages);
    }
    forbid(STDLIB, "dev.mica.scripting..", "dev.mica.ssh..", "dev.mica.shell..");
  }

  @Test
  void scriptingKnowsNeitherTheTerminalNorTheSshServer() {
    for (String[] packages : List.of(JLINE, SSH, PICOCLI)) {
      forbid(resideInAPackage("dev.mica.scripting.."), packages);
    }
    forbid(resideInAPackage("dev.mica.scripting.."), "dev.mica.ssh..", "dev.mica.shell..");
  }

  @Test
  void theSshServerKnowsTheObjectsOnly() {
    descends("dev.mica.ssh", List.of());
    forbid(resideInAPackage("dev.mica.ssh.."), "dev.mica.scripting..", "dev.mica.shell..");
    for (String[] packages : List.of(GROOVY, JLINE, PICOCLI)) {
      forbid(resideInAPackage("dev.mica.ssh.."), packages);
    }
    forbid(resideInAPackage("dev.mica.shell.."), SSH);
  }

  @Test
  void onlyTheBindingCallsForeignFunctions() {
    forbid(not(resideInAPackage("dev.mica.core..")), "java.lang.foreign..");
  }

  @Test
  void theRoomsOfTheObjectsStandInALine() {
    assertThat(MICA.that(STDLIB).stream().map(ArchitectureTest::room).distinct())
        .containsExactlyInAnyOrderElementsOf(Stream.concat(Stream.of(""), ROOMS.stream()).toList());
    for (int i = 0; i < ROOMS.size(); i++) {
      String[] before =
          Stream.concat(
                  Stream.of("dev.mica"),
                  ROOMS.stream().limit(i).map(room -> "dev.mica." + room + ".."))
              .toArray(String[]::new);
      forbid(resideInAPackage("dev.mica." + ROOMS.get(i) + ".."), before);
    }
  }

  private static String room(JavaClass type) {
    String below = type.getPackageName().substring("dev.mica".length());
    return below.isEmpty() ? "" : below.substring(1).split("\\.", -1)[0];
  }

  @Test
  void theRoomsOfMachinesStandInALine() {
    descends("dev.mica.vm", ROOMS_OF_MACHINES);
  }

  @Test
  void theRoomsOfLicencesStandInALine() {
    descends("dev.mica.license", ROOMS_OF_LICENCES);
  }

  /**
   * What decides on seats has no clock, thread or socket, and what replicates it can be changed.
   */
  @Test
  void seatsAreDecidedByTheLogAlone() {
    forbid(not(resideInAPackage("dev.mica.license.engine..")), RATIS);
    forbid(
        resideInAPackage("dev.mica.license.ledger.."),
        "java.time..",
        "java.util.concurrent..",
        "java.net..",
        "java.nio.file..",
        "java.security..");
    check(
        noClasses()
            .that(resideInAPackage("dev.mica.license.ledger.."))
            .should()
            .dependOnClassesThat()
            .haveFullyQualifiedName("java.util.Random"));
  }

  /** Each room of the application may know those behind it in the list. */
  @Test
  void theRoomsOfTheShellStandInALine() {
    descends("dev.mica.shell", List.of("serve", "prompt", "command", "print", "attach"));
  }

  @Test
  void theRoomsOfTheLanguageStandInALine() {
    descends("dev.mica.scripting", List.of("jshell", "groovy", "complete", "help", "words", "run"));
  }

  @Test
  void internalMeansInternal() {
    check(noClasses().that(not(STDLIB)).should().dependOnClassesThat(INTERNAL));
  }

  /** What commits need of unions is theirs: only they and what wires them may know it. */
  @Test
  void layersOfUnionsAreForCommits() {
    check(
        noClasses()
            .that(not(resideInAnyPackage("dev.mica.union..", "dev.mica.commit..", "dev.mica")))
            .should()
            .dependOnClassesThat()
            .haveFullyQualifiedName("dev.mica.union.UnionLayers"));
  }

  /** Whatever a script may call gives it nothing of these; nothing gives it a union to serve. */
  @Test
  void noPublicMethodGivesSomethingInternal() {
    check(
        noMethods()
            .that()
            .arePublic()
            .and()
            .areDeclaredInClassesThat(
                STDLIB
                    .and(not(INTERNAL))
                    .and(not(type(Helper.Served.class)))
                    .and(not(type(Reached.class))) // only a caller gives one, and no word a caller
                    .and(modifier(JavaModifier.PUBLIC)))
            .should()
            .haveRawReturnType(
                describe(
                    "something internal",
                    type ->
                        INTERNAL
                            .or(equivalentTo(UnionLayers.class))
                            .test(type.getBaseComponentType()))));
  }

  /**
   * What changes something goes through {@code Caller.change} or {@code run}, where it is written
   * into the audit. These only look, or only check: whoever adds one says so here.
   */
  @Test
  void whatAsksForARoleAloneChangesNothing() {
    assertThat(
            MICA.stream()
                .flatMap(type -> type.getMethodCallsFromSelf().stream())
                .filter(call -> call.getTargetOwner().isEquivalentTo(Caller.class))
                .filter(call -> call.getTarget().getName().equals("require"))
                .map(call ->
                    call.getOriginOwner().getSimpleName() + "." + call.getOrigin().getName()))
        .containsExactlyInAnyOrder(
            "Caller.change",
            "Caller.run",
            "Mica.as",
            "Jobs.leave",
            "Jobs.takeUp",
            "Audit.mayLook",
            "Audit.attempt",
            "Users.mayLook",
            "Users.serverFolder",
            "Sessions.mayServe",
            "Sessions.recordings",
            "Unions.check",
            "Vms.check",
            "Context.enter",
            "Conversation.require",
            "Conversation.requireAdmin");
  }

  @Test
  void everyRoomKeepsItsPublicTypesFew() {
    Map<String, Integer> found = new HashMap<>();
    MICA.that(STDLIB.and(not(INTERNAL))).stream()
        .filter(type -> type.isTopLevelClass())
        .filter(type -> type.getModifiers().contains(JavaModifier.PUBLIC))
        .forEach(type -> found.merge(room(type), 1, Integer::sum));
    assertThat(found).isEqualTo(PUBLIC_TYPES);
  }

  /** No room of {@code house} knows one that stands before it in {@code rooms}, which are all. */
  private static void descends(String house, List<String> rooms) {
    assertThat(
            MICA.that(resideInAPackage(house + "..")).stream()
                .map(JavaClass::getPackageName)
                .filter(room -> !room.equals(house))
                .distinct())
        .containsExactlyInAnyOrderElementsOf(
            rooms.stream().map(room -> house + "." + room).toList());
    for (int i = 0; i < rooms.size(); i++) {
      String[] before =
          Stream.concat(
                  Stream.of(house), rooms.subList(0, i).stream().map(room -> house + "." + room))
              .toArray(String[]::new);
      forbid(resideInAPackage(house + "." + rooms.get(i) + ".."), before);
    }
  }

  private static void forbid(DescribedPredicate<JavaClass> who, String... packages) {
    check(noClasses().that(who).should().dependOnClassesThat().resideInAnyPackage(packages));
  }

  private static void check(ArchRule rule) {
    rule.check(MICA);
  }
}
