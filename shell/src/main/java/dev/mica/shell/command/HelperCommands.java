package dev.mica.shell.command;

import dev.mica.access.Role;
import dev.mica.helper.HelperSchema;
import dev.mica.helper.HelperVm;
import dev.mica.shell.print.Result;
import dev.mica.vm.VmSchema;
import java.util.List;

/** {@code helper …}: the VM that serves the unions made via guest. */
final class HelperCommands {
  private HelperCommands() {}

  static List<Command> all() {
    return List.of(show(), start(), stop(), log(), console());
  }

  private static Result one(Invocation in) {
    return new Result.One<>(HelperSchema.HELPER.shape(), helper(in));
  }

  private static HelperVm helper(Invocation in) {
    return in.mica().host().helper();
  }

  private static Command show() {
    return new Command(
        List.of("helper", "show"),
        List.of(),
        Role.VIEWER,
        "shows the helper VM: its state, memory, shares and unions",
        "mica helper show",
        "host.helper",
        HelperSchema.HELPER.shape().json(),
        HelperCommands::one);
  }

  private static Command start() {
    return new Command(
        List.of("helper", "start"),
        List.of(),
        Role.OPERATOR,
        "starts the helper VM; making a union via guest does so by itself",
        "mica helper start",
        "host.helper.start()",
        HelperSchema.HELPER.shape().json(),
        in -> {
          helper(in).start();
          return one(in);
        });
  }

  private static Command stop() {
    return new Command(
        List.of("helper", "stop"),
        List.of(),
        Role.OPERATOR,
        "powers the helper VM off, unless it serves unions",
        "mica helper stop",
        "host.helper.stop()",
        HelperSchema.HELPER.shape().json(),
        in -> {
          helper(in).stop();
          return one(in);
        });
  }

  private static Command log() {
    return new Command(
        List.of("helper", "log"),
        List.of(),
        Role.VIEWER,
        "prints the output of the helper VM's console since it was started",
        "mica helper log",
        "host.helper.log",
        "{\"log\":string}",
        in -> new Result.Text("log", helper(in).log().text()));
  }

  private static Command console() {
    return new Command(
        List.of("helper", "console"),
        List.of(),
        Role.OPERATOR,
        "attaches the terminal to the helper VM's console; Ctrl-] detaches",
        "mica helper console",
        "host.helper.console()",
        VmSchema.CONSOLE.shape().json(),
        in -> Result.Attached.to(helper(in).console()));
  }
}
