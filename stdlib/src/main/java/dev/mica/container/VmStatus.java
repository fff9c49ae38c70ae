package dev.mica.container;

import dev.mica.failure.MicaException;
import dev.mica.state.StateDir;
import dev.mica.vm.Machine;
import java.nio.file.Files;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The state of the container of one VM. It is found each time from the VM's processes, from the
 * files beside them, and from the monitor's record of its end; nothing is changed.
 */
final class VmStatus {
  private final StateDir state;
  private final VmRecord vm;
  private final VmFiles files;
  private final Machine machine;
  private final Monitor monitor;
  private final Restarting restarting;

  VmStatus(StateDir state, VmRecord vm, Machine machine, Monitor monitor, Restarting restarting) {
    this.state = state;
    this.vm = vm;
    this.files = VmFiles.of(state, vm.id());
    this.machine = machine;
    this.monitor = monitor;
    this.restarting = restarting;
  }

  /** How its program ended, if that is known. */
  Optional<VmFiles.End> end() {
    return files.end();
  }

  Vm.State state() {
    return settled(this::stateNow);
  }

  /**
   * One run of it, as far as it has come.
   *
   * @param monitor the process that tells one run from the next
   */
  private record Run(
      Optional<ProcessHandle> monitor, boolean started, Optional<VmFiles.End> end, int restarts) {}

  private Run run() {
    return new Run(monitor.process(), wasStarted(), files.end(), restarting.done().count());
  }

  /**
   * An answer that several looks make together, the machine's answer among them, which may take
   * seconds. Meanwhile it can end and be started again: then they do not fit together, and are
   * taken anew.
   */
  private <T> T settled(Supplier<T> looks) {
    while (true) {
      Run run = run();
      T answer = looks.get();
      if (run().equals(run)) {
        return answer;
      }
    }
  }

  private Vm.State stateNow() {
    Optional<VmFiles.End> end = files.end();
    if (end.isPresent()) {
      return isToRestart(end) ? Vm.State.RESTARTING : ended(end.get());
    }
    if (!wasStarted()) {
      return isToRestart(end)
          ? Vm.State.RESTARTING
          : restarting.trouble().isPresent()
              ? Vm.State.FAILED
              : Vm.State.CREATED; // or its start has not come that far, or never will
    }
    if (!monitor.isAlive()) {
      return files.end().isPresent() ? stateNow() : Vm.State.FAILED; // it ended just now
    }
    if (hasLostAFolder()) {
      return Vm.State.FAILED;
    }
    return isHalted() || isFrozen() ? Vm.State.PAUSED : Vm.State.RUNNING;
  }

  /** Its guest is stopped, because there is no room on this host for what it writes. */
  boolean isHalted() {
    return machine.status().state() == Machine.State.PAUSED;
  }

  private static Vm.State ended(VmFiles.End end) {
    return end.lost() ? Vm.State.FAILED : Vm.State.EXITED;
  }

  /** It is about to be started again, or its monitor will start it again. */
  private boolean isToRestart(Optional<VmFiles.End> end) {
    if (!restarting.isAllowed()) {
      return false;
    }
    return restarting.restarter().isAlive()
        || (end.isPresent() && restarting.next().isPresent() && monitor.isAlive());
  }

  /** Whether nothing has happened since that end, so that we are still to start it again. */
  boolean isToStartAgain(Optional<VmFiles.End> end) {
    return files.end().equals(end) && !isUp() && restarting.isAllowed();
  }

  /** Whether its start was completed, whatever happened after that. */
  boolean wasStarted() {
    return Files.exists(files.started());
  }

  /**
   * Whether no program can have changed anything in it, because its guest folder was not made yet.
   */
  boolean isUntouched() {
    return !Files.exists(files.used()) && !wasStarted();
  }

  /** Whether it was paused, which otherwise only its guest would know. */
  boolean isFrozen() {
    return Files.exists(files.paused());
  }

  /** Running or paused. */
  boolean isUp() {
    Vm.State is = state();
    return is == Vm.State.RUNNING || is == Vm.State.PAUSED;
  }

  /** Whether it neither runs nor will be started again. */
  boolean isOver() {
    return !isUp() && state() != Vm.State.RESTARTING;
  }

  boolean hasLostAFolder() {
    return lost().isPresent();
  }

  /** When a VM ends, its file servers end too: only a VM that still answers can have lost one. */
  private Optional<String> lost() {
    Optional<String> lost =
        new Lowers(state.path(), vm).isLost(machine)
            ? Optional.of("start folder")
            : new Volumes(state, vm).lost(machine).map(at -> "share at " + at);
    return lost.filter(_ -> answers() && files.end().isEmpty());
  }

  private boolean answers() {
    Machine.State at = machine.status().state();
    return at == Machine.State.RUNNING || at == Machine.State.PAUSED;
  }

  /** The state in words. */
  String text() {
    return settled(this::textNow);
  }

  private String textNow() {
    return switch (stateNow()) {
      case CREATED -> "created";
      case RUNNING -> isCutOff() ? "running (its network is gone)" : restarted("running", "");
      case PAUSED ->
          restarted("paused", isHalted() ? "no room on this host for what it writes" : "");
      case RESTARTING -> restarted("restarting", files.end().map(VmStatus::atEnd).orElse(""));
      case EXITED -> exited(files.end().orElseThrow());
      case REMOVED -> "removed";
      case FAILED -> restarted("failed", failure());
    };
  }

  /** The text with the number of restarts, if there were any. */
  private String restarted(String word, String note) {
    int count = restarting.done().count();
    String all =
        Stream.of(note, count == 0 ? "" : "restarts: " + count)
            .filter(text -> !text.isEmpty())
            .collect(Collectors.joining(", "));
    return all.isEmpty() ? word : word + " (" + all + ")";
  }

  private static String atEnd(VmFiles.End end) {
    return end.lost() ? "its VM ended" : "exited " + end.status();
  }

  /** The process that carried its network has ended, but the VM has not. */
  private boolean isCutOff() {
    return vm.network().hasCard() && !machine.isLinked();
  }

  private String failure() {
    if (files.end().isPresent()) {
      return "its VM ended first";
    }
    Optional<String> trouble = restarting.trouble();
    if (trouble.isPresent()) {
      return trouble.get();
    }
    return monitor.isAlive()
        ? "the file server of its " + lost().orElse("start folder") + " ended"
        : "its monitor ended first";
  }

  private String exited(VmFiles.End end) {
    return restarted(
        "exited " + end.status(),
        end.oom() ? "out of memory" : end.signal() > 0 ? "signal " + end.signal() : "");
  }

  /** Fails unless it is running or paused, and its guest answers. */
  void requireUp(String doing) {
    if (!isUp()) {
      throw MicaException.failed(doing + " the VM", vm.name(), "it is " + text());
    }
    if (isHalted()) {
      throw MicaException.failed(doing + " the VM", vm.name(), "it is " + text())
          .hint("make room, and resume it with mica vm resume " + vm.name());
    }
  }

  /** Fails unless it is running. */
  void requireRunning(String doing) {
    Vm.State is = state();
    if (is != Vm.State.RUNNING) {
      String verb = is == Vm.State.PAUSED ? "resume" : "start";
      throw MicaException.failed(doing + " the VM", vm.name(), "it is " + text())
          .hint(verb + " it with mica vm " + verb + " " + vm.name());
    }
  }
}
