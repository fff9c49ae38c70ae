package dev.mica.container;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mica.access.Caller;
import dev.mica.failure.MicaException;
import dev.mica.folder.Folder;
import dev.mica.state.StateDir;
import dev.mica.test.NeedsRoot;
import dev.mica.test.Scratch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A root in which the files of {@code /etc} that Mica mounts on or reads are something else: a
 * container has what it needs all the same, and none of it is a change, or is refused in a line.
 */
@NeedsRoot
final class VmOddRootTest {
  /** The program id(1) would read the files itself. */
  private static final String WHO =
      "while read key uid rest; do [ $key != Uid: ] || echo $uid; done </proc/self/status";

  private static Scratch scratch;
  private static Vms vms;

  @BeforeAll
  static void make() {
    scratch = new Scratch();
    vms = TestVms.of(StateDir.at(scratch.path("home")));
  }

  @AfterEach
  void removeAll() throws IOException {
    for (Vm vm : vms.list()) {
      vm.kill();
      vm.remove();
    }
    try (Stream<Path> left = Files.list(scratch.path("home/containers"))) {
      assertThat(left).isEmpty();
    }
  }

  @AfterAll
  static void remove() {
    scratch.close();
  }

  /** Made by a shell that stands in the root. */
  private static Vm of(String name, String script) throws IOException {
    Path root = TestRoot.busybox(scratch.dir(name)).path();
    Scratch.run("sh", "-ec", "cd " + root + "; " + script);
    VmSpec spec =
        VmSpec.of(
            name, Folder.of(Caller.ofProcess(), root), List.of("sh", "-c", "exec sleep 100000"));
    return vms.create(spec.with(Network.of("user", List.of())));
  }

  /** The links lead where they would in the container, and what they lead to may not be there. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          dangling | cd etc; ln -s /run/x/hosts hosts; ln -s nowhere/name hostname; ln -s ../tmp/r resolv.conf
          up       | cd etc; ln -s ../../../../../tmp/hosts hosts; echo old >../tmp/name; ln -s /tmp/name hostname; ln -s a resolv.conf; ln -s /srv/b a
          linked   | rmdir etc; mkdir -p usr/etc; ln -s /usr/etc etc; mkfifo usr/etc/hosts usr/etc/hostname; ln -s r usr/etc/resolv.conf
          nothing  | rmdir etc; ln -s /usr/nothing etc
          devices  | cd etc; mknod hosts c 1 3; ln -s /dev/name hostname; ln -s /dev/null resolv.conf
          """)
  void theContainerHasItsOwnFiles(String name, String script) throws IOException {
    Vm vm = of(name, script).start();
    assertThat(vm.exec("cat", "/etc/hostname").output()).isEqualTo(name + "\n");
    assertThat(vm.exec("cat", "/etc/hosts").output()).contains("localhost").contains(name);
    assertThat(vm.exec("cat", "/etc/resolv.conf").output()).startsWith("nameserver ");
    assertThat(vm.diff().toList()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          loop      | ln -s hosts etc/hosts           | /etc/hosts is a link that leads in a circle
          circle    | rmdir etc; ln -s etc etc        | is a link that leads in a circle
          directory | mkdir etc/hostname              | /etc/hostname is a directory
          leads     | ln -s /tmp etc/resolv.conf      | /etc/resolv.conf is a directory, or leads to one
          file      | rmdir etc; echo x >etc          | leads through a file that is no directory
          through   | ln -s /bin/sh/x etc/hosts       | leads through a file that is no directory
          over      | ln -s /b/../srv/b etc/hosts     | /etc/hosts leads over a directory that is not there
          kernel    | rmdir etc; ln -s /proc etc      | leads to where the kernel's own files are
          process   | ln -s /proc/self/environ etc/hosts | leads to where the kernel's own files are
          """)
  void orItIsRefused(String name, String script, String why) throws IOException {
    Vm vm = of(name, script);
    assertThatThrownBy(vm::start)
        .isInstanceOf(MicaException.class)
        .hasMessageStartingWith(
            "cannot start the VM " + name + ": in its root nothing can be mount")
        .hasMessageContaining(why)
        .hasMessageNotContaining("share the folder")
        .extracting(failure -> String.valueOf(failure.getMessage()).lines().count())
        .isEqualTo(1L);
    assertThat(vm.state()).isEqualTo(Vm.State.FAILED);
    assertThat(vm.status()).startsWith("failed (in its root nothing can be mount").contains(why);
    assertThat(vm.pid()).isZero();
  }

  /** A program in there may put anything in their place. */
  @Test
  void usersAreLookedUpInWhateverIsThere() throws IOException {
    Vm vm = of("users", "rmdir etc; mkdir -p usr/etc; ln -s /usr/etc etc").start();
    String[][] cases = {
      {"ln -s /none etc/passwd", "7", "7"},
      {"ln -s /none etc/passwd", "app", "has no user app"},
      {"echo app:x:9:8::/:/bin/sh >tmp/p; ln -s /tmp/p etc/passwd", "app", "9"},
      {"ln -s ../../../../../../etc/shadow etc/passwd", "app", "has no user app"},
      {"ln -s passwd etc/passwd", "app", "Too many levels of symbolic links"},
      {"ln -s passwd etc/passwd", "7", "Too many levels of symbolic links"},
      {"ln -s group etc/group", "7:app", "Too many levels of symbolic links"},
      {"mkdir etc/passwd", "7", "it is no regular file"},
      {"mkfifo etc/group", "7:app", "it is no regular file"},
      {"ln -s /dev/zero etc/passwd", "7", "7"},
      {"ln -s /proc/self/environ etc/passwd", "app", "has no user app"},
    };
    for (String[] each : cases) {
      String clean = "cd /; rm -rf etc/passwd etc/group tmp/p; ";
      assertThat(vm.exec("sh", "-ec", clean + each[0])).isEqualTo(new Ran(0, "", ""));
      ExecSpec id = new ExecSpec(List.of("sh", "-c", WHO), Map.of(), false, false, each[1], null);
      assertThat(said(vm, id)).as(String.join(" | ", each)).contains(each[2]).hasLineCount(1);
    }
  }

  private static String said(Vm vm, ExecSpec spec) {
    try {
      return Exec.run(vm.open(spec)).output().strip();
    } catch (MicaException refused) {
      return String.valueOf(refused.getMessage());
    }
  }
}
