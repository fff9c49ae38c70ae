package dev.mica.shell.command;

import static dev.mica.shell.command.Parameter.option;

import dev.mica.access.Role;
import dev.mica.container.ExecSpec;
import dev.mica.shell.command.Parameter.Kind;
import dev.mica.shell.print.Result;
import dev.mica.vm.VmSchema;
import java.util.List;
import java.util.Map;

/**
 * {@code vm exec}, {@code shell}, {@code attach}, {@code console}: what streams are attached to.
 */
final class VmAttachCommands {
  private VmAttachCommands() {}

  static Command exec() {
    return new Command(
        List.of("vm", "exec"),
        List.of(
            VmCommands.VM,
            VmOptions.PROGRAM,
            option("-e --env", Kind.TEXT, "a variable, as NAME=VALUE; NAME alone: yours")
                .repeatable(),
            option("-u --user", Kind.TEXT, "its user: USER or USER:GROUP; the VM's if not given"),
            option("-w --workdir", Kind.TEXT, "its working folder; the VM's if not given"),
            VmOptions.INTERACTIVE,
            VmOptions.TTY),
        Role.OPERATOR,
        "runs another program in a VM that runs; ends with its exit status",
        "mica vm exec web -- nginx -t",
        "vm('web').exec('nginx', '-t')",
        "",
        in ->
            Result.Attached.to(
                VmCommands.vm(in)
                    .open(
                        new ExecSpec(
                            in.all("ARGV"),
                            VmOptions.environment(in),
                            in.has("--interactive"),
                            in.has("--tty"),
                            in.optional("--user").orElse(null),
                            in.optional("--workdir").orElse(null)))));
  }

  static Command shell() {
    return new Command(
        List.of("vm", "shell"),
        List.of(VmCommands.VM),
        Role.OPERATOR,
        "a shell in a VM that runs, at this terminal",
        "mica vm shell web",
        "vm('web').open(spec)",
        "",
        in ->
            Result.Attached.to(
                VmCommands.vm(in)
                    .open(
                        new ExecSpec(
                            List.of(
                                "/bin/sh",
                                "-c",
                                "if command -v bash >/dev/null; then exec bash; else exec sh; fi"),
                            Map.of(),
                            true,
                            in.hasTerminal()))));
  }

  static Command attach() {
    return new Command(
        List.of("vm", "attach"),
        List.of(VmCommands.VM),
        Role.OPERATOR,
        "attaches to the program of a VM; at a terminal Ctrl-P Ctrl-Q detaches",
        "mica vm attach web",
        "vm('web').attach()",
        "",
        in -> Result.Attached.to(VmCommands.vm(in).attach()));
  }

  static Command console() {
    return new Command(
        List.of("vm", "console"),
        List.of(VmCommands.VM),
        Role.OPERATOR,
        "attaches the terminal to the console of a VM's guest; Ctrl-] detaches",
        "mica vm console web",
        "vm('web').console()",
        VmSchema.CONSOLE.shape().json(),
        in -> Result.Attached.to(VmCommands.vm(in).console()));
  }
}
