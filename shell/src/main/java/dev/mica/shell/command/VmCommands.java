package dev.mica.shell.command;

import static dev.mica.shell.command.Parameter.argument;
import static dev.mica.shell.command.Parameter.flag;
import static dev.mica.shell.command.Parameter.option;

import dev.mica.access.Role;
import dev.mica.container.ContainerSchema;
import dev.mica.container.Vm;
import dev.mica.failure.MicaException;
import dev.mica.folder.FolderSchema;
import dev.mica.schema.Shape;
import dev.mica.shell.command.Parameter.Kind;
import dev.mica.shell.print.Result;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;

/** {@code vm …}: containers, each in a VM of its own. */
final class VmCommands {
  static final Parameter VM = argument("VM", Kind.VM, "its name");
  private static final Parameter ALL = flag("--all", "every one");

  private VmCommands() {}

  static List<Command> all() {
    return List.of(
        run(),
        create(),
        ls(),
        show(),
        changing("start", "starts its program", "start()", Vm::start),
        stop(),
        kill(),
        changing("pause", "stops its program for a while", "pause()", Vm::pause),
        changing("resume", "lets the program of a paused VM go on", "resume()", Vm::resume),
        changing("restart", "stops it and starts it again", "restart()", Vm::restart),
        VmAttachCommands.exec(),
        VmAttachCommands.shell(),
        VmAttachCommands.attach(),
        VmAttachCommands.console(),
        await(),
        VmLogs.command(),
        VmCopy.command(),
        stats(),
        port(),
        diff(),
        fork(),
        rm());
  }

  private static Command create() {
    List<Parameter> parameters = new ArrayList<>();
    parameters.add(argument("VM", Kind.TEXT, "its name"));
    parameters.add(VmOptions.PROGRAM);
    parameters.addAll(VmOptions.all());
    return new Command(
        List.of("vm", "create"),
        parameters,
        Role.OPERATOR,
        "makes a VM with a container; it does not run yet",
        "mica vm create web --from /srv/debian -- nginx -g 'daemon off;'",
        "vm('web') { from '/srv/debian'; run 'nginx', '-g', 'daemon off;' }",
        ContainerSchema.VM.shape().json(),
        in -> one(in.mica().vms().create(VmOptions.spec(in, in.value("VM")))));
  }

  private static Command run() {
    List<Parameter> parameters = new ArrayList<>();
    parameters.add(VmOptions.PROGRAM);
    parameters.add(option("--name", Kind.TEXT, "its name; made up if not given"));
    parameters.addAll(VmOptions.all());
    parameters.add(
        flag(
            "-d --detach",
            "its program runs in the background, and the name of the VM is printed"));
    return new Command(
        List.of("vm", "run"),
        parameters,
        Role.OPERATOR,
        "makes a VM, starts its program and attaches to it; ends with the program's exit status",
        "mica vm run --rm -it --from /srv/debian -- bash",
        "vm('web') { from '/srv/debian'; run 'bash' }.startAttached()",
        "",
        VmCommands::run);
  }

  private static Result run(Invocation in) {
    Vm vm = in.mica().vms().create(VmOptions.spec(in, in.optional("--name").orElse(null)));
    boolean started = false;
    try {
      Result result =
          in.has("--detach")
              ? named(in, vm.start())
              : Result.Attached.to(vm.startAttached(), () -> left(vm));
      started = true;
      return result;
    } finally {
      if (!started) {
        vm.remove(); // nobody wants a VM that cannot be started
      }
    }
  }

  private static Result named(Invocation in, Vm vm) {
    in.conversation().out().println(vm.name());
    return new Result.Done(0);
  }

  /** The program has ended, or the terminal was detached from it. */
  private static void left(Vm vm) {
    if (vm.state() == Vm.State.EXITED || vm.state() == Vm.State.FAILED) {
      vm.stop();
    }
  }

  private static Result one(Vm vm) {
    return new Result.One<>(ContainerSchema.VM.shape(), vm);
  }

  static Vm vm(Invocation in) {
    return in.mica().vms().get(in.value("VM"));
  }

  private static Command ls() {
    return new Command(
        List.of("vm", "ls"),
        List.of(),
        Role.VIEWER,
        "lists the VMs of this host",
        "mica vm ls -o json",
        "vms.list()",
        ContainerSchema.VM.shape().jsonList(),
        in -> {
          in.without(in.mica().vms().damaged());
          List<Vm> all = in.mica().vms().list();
          if (all.isEmpty()) {
            in.say("no VMs");
          }
          return new Result.Rows<>(ContainerSchema.VM.shape(), all.stream());
        });
  }

  private static Command show() {
    return new Command(
        List.of("vm", "show"),
        List.of(VM),
        Role.VIEWER,
        "shows all facts of one VM",
        "mica vm show web",
        "vm('web')",
        ContainerSchema.VM.shape().json(),
        in -> one(vm(in)));
  }

  private static Command changing(String verb, String summary, String call, Consumer<Vm> how) {
    return new Command(
        List.of("vm", verb),
        List.of(VM),
        Role.OPERATOR,
        summary,
        "mica vm " + verb + " web",
        "vm('web')." + call,
        ContainerSchema.VM.shape().json(),
        in -> {
          Vm vm = vm(in);
          how.accept(vm);
          return one(vm);
        });
  }

  private static Command stop() {
    return new Command(
        List.of("vm", "stop"),
        List.of(VM, option("-t --time", Kind.TEXT, "seconds until it is killed; 10 if not given")),
        Role.OPERATOR,
        "ends its program by its stop signal, or by SIGKILL if that is not enough; then the VM ends",
        "mica vm stop web --time 30",
        "vm('web').stop(30.seconds)",
        ContainerSchema.VM.shape().json(),
        in -> {
          String seconds = in.optional("--time").orElse("10");
          if (!seconds.matches("\\d{1,6}")) {
            throw in.wrong("--time takes a number of seconds, not '" + seconds + "'");
          }
          return one(vm(in).stop(Duration.ofSeconds(Long.parseLong(seconds))));
        });
  }

  private static Command kill() {
    return new Command(
        List.of("vm", "kill"),
        List.of(
            VM,
            option(
                "-s --signal", Kind.TEXT, "a signal for its program, as HUP; KILL if not given")),
        Role.OPERATOR,
        "ends it at once, or sends its program another signal",
        "mica vm kill web --signal HUP",
        "vm('web').kill('HUP')",
        ContainerSchema.VM.shape().json(),
        in -> one(vm(in).kill(in.optional("--signal").orElse("KILL"))));
  }

  private static Command await() {
    return new Command(
        List.of("vm", "wait"),
        List.of(VM),
        Role.VIEWER,
        "waits until its program has ended, and prints the exit status",
        "mica vm wait web",
        "vm('web').await()",
        "{\"status\":number}",
        in -> new Result.Text("status", Integer.toString(vm(in).await())));
  }

  /** What a VM uses, with one number in each row. */
  private static final Shape<Map.Entry<String, String>> FIGURE =
      Shape.<Map.Entry<String, String>>of("figures")
          .essential("name", "string", Map.Entry::getKey)
          .essential("value", "string", Map.Entry::getValue)
          .build();

  private static Command stats() {
    return new Command(
        List.of("vm", "stats"),
        List.of(VM),
        Role.VIEWER,
        "what it uses now: memory and CPU time",
        "mica vm stats web",
        "vm('web').stats()",
        FIGURE.jsonList(),
        in -> new Result.Rows<>(FIGURE, new TreeMap<>(vm(in).stats()).entrySet().stream()));
  }

  private static Command port() {
    return new Command(
        List.of("vm", "port"),
        List.of(VM),
        Role.VIEWER,
        "the ports of this host that lead to a VM",
        "mica vm port web",
        "vm('web').ports",
        ContainerSchema.PORT.shape().jsonList(),
        in -> new Result.Rows<>(ContainerSchema.PORT.shape(), vm(in).ports().stream()));
  }

  private static Command diff() {
    return new Command(
        List.of("vm", "diff"),
        List.of(VM, flag("--exit-code", "end with 1 if anything differs")),
        Role.OPERATOR,
        "what its program has changed over its start folder, exactly; the program goes on",
        "mica vm diff web",
        "vm('web').diff()",
        FolderSchema.CHANGE.shape().jsonList(),
        in -> {
          if (in.has("--exit-code")) {
            in.rowsMeanFailure();
          }
          return HostCommands.changes(vm(in).diff());
        });
  }

  private static Command fork() {
    return new Command(
        List.of("vm", "fork"),
        List.of(VM, argument("OTHER", Kind.TEXT, "the name of the new VM")),
        Role.OPERATOR,
        "makes another VM from what one has changed by now; its program begins anew",
        "mica vm fork web web2",
        "vm('web').fork('web2')",
        ContainerSchema.VM.shape().json(),
        in ->
            new Result.One<>(
                ContainerSchema.VM.shape(),
                in.mica().vms().get(in.value("VM")).fork(in.value("OTHER"))));
  }

  private static Command rm() {
    return new Command(
        List.of("vm", "rm"),
        List.of(VM.optional(), ALL, flag("-f --force", "also those that run")),
        Role.OPERATOR,
        "removes VMs, and all that their programs wrote",
        "mica vm rm web",
        "vm('web').remove()",
        UnionCommands.REMOVED.jsonList(),
        in -> {
          List<Vm> vms =
              in.oneOrAll("VM")
                  .map(name -> List.of(in.mica().vms().get(name)))
                  .orElseGet(() -> in.mica().vms().list());
          return UnionCommands.removed(remove(in, vms));
        });
  }

  /** If a VM cannot be removed, that is reported, and the others are removed all the same. */
  private static List<String> remove(Invocation in, List<Vm> vms) {
    List<String> removed = new ArrayList<>();
    List<MicaException> left = new ArrayList<>();
    for (Vm vm : vms) {
      try {
        if (in.has("--force")) {
          vm.kill();
        }
        vm.remove();
        removed.add(vm.name());
      } catch (MicaException failure) {
        if (!in.has("--all")) {
          throw failure;
        }
        left.add(failure);
      }
    }
    in.without(left);
    return removed;
  }
}
