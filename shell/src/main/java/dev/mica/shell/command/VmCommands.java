package dev.mica.shell.command;

import static dev.mica.shell.command.Parameter.argument;
import static dev.mica.shell.command.Parameter.flag;
import static dev.mica.shell.command.Parameter.option;
import static dev.mica.shell.command.Parameter.program;

import dev.mica.access.Role;
import dev.mica.container.ContainerSchema;
import dev.mica.container.Network;
import dev.mica.container.Port;
import dev.mica.container.Restart;
import dev.mica.container.Ulimit;
import dev.mica.container.Vm;
import dev.mica.container.VmShare;
import dev.mica.container.VmSpec;
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
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/** {@code vm …}: containers, each in a VM of its own. */
final class VmCommands {
  static final Parameter VM = argument("VM", Kind.VM, "its name");
  private static final Parameter ALL = flag("--all", "every one");
  private static final Pattern SIZE = Pattern.compile("(\\d{1,12})([KMGT]?)(i?B)?");

  static final Parameter PROGRAM =
      program("ARGV", "the program and its arguments; -- separates them from the options");

  static final Parameter INTERACTIVE = flag("-i --interactive", "it is written to");
  static final Parameter TTY = flag("-t --tty", "it has a terminal");

  private VmCommands() {}

  static List<Command> all() {
    return List.of(
        run(),
        create(),
        ls(),
        show(),
        changing("start", "starts its program", "start()", Vm::start),
        stop(),
        changing("kill", "ends it at once", "kill()", Vm::kill),
        changing("pause", "stops its program for a while", "pause()", Vm::pause),
        changing("resume", "lets a paused one go on", "resume()", Vm::resume),
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

  /** What a VM is made from, for create and run. */
  private static List<Parameter> made() {
    return List.of(
        option(
                "--from",
                Kind.LAYER,
                "the start folder: an image, here or in a registry, or a folder")
            .mandatory(),
        option(
            "--entrypoint",
            Kind.ANY_TEXT,
            "a program instead of the image's entrypoint, or a JSON list; '' for none"),
        option("--memory", Kind.TEXT, "of the VM, as 512M; 512M if not given"),
        option("--cpus", Kind.TEXT, "processors of the VM; 1 if not given"),
        option("--disk", Kind.TEXT, "what it may write, as 10G; 10G if not given"),
        option("--env", Kind.TEXT, "a variable of its program, as NAME=VALUE").repeatable(),
        option(
            "--user",
            Kind.TEXT,
            "the user of its program: USER or USER:GROUP; the image's or root if not given"),
        option(
            "--workdir", Kind.TEXT, "its program's working folder; the image's or / if not given"),
        option(
            "--net",
            Kind.TEXT,
            "what it can reach: none, or user for other hosts; none if not given"),
        option("--publish", Kind.TEXT, "a port that leads to it, as 8080:80; 80 for a free one")
            .repeatable(),
        option(
                "--share",
                Kind.TEXT,
                "a folder of this host that is shared with it, as /srv/data:/data[:ro]")
            .repeatable(),
        option(
                "--ulimit",
                Kind.TEXT,
                "a limit of each of its processes, as nofile=1024 or nofile=1024:2048")
            .repeatable(),
        option("--label", Kind.TEXT, "a label, as NAME=VALUE").repeatable(),
        option(
            "--restart",
            Kind.TEXT,
            "whether it is started again when its program has ended: no, on-failure[:N] or always"),
        flag(
            "--init",
            "its first process starts the program, and reaps the processes that it leaves behind"),
        flag("--rm", "it is removed when its program has ended"),
        INTERACTIVE,
        TTY);
  }

  private static Command create() {
    List<Parameter> parameters = new ArrayList<>();
    parameters.add(argument("VM", Kind.TEXT, "its name"));
    parameters.add(PROGRAM);
    parameters.addAll(made());
    return new Command(
        List.of("vm", "create"),
        parameters,
        Role.OPERATOR,
        "makes a VM with a container; it does not run yet",
        "mica vm create web --from /srv/debian -- nginx -g 'daemon off;'",
        "vm('web') { from '/srv/debian'; run 'nginx', '-g', 'daemon off;' }",
        ContainerSchema.VM.shape().json(),
        in -> one(in.mica().vms().create(spec(in, in.value("VM")))));
  }

  private static Command run() {
    List<Parameter> parameters = new ArrayList<>();
    parameters.add(PROGRAM);
    parameters.add(option("--name", Kind.TEXT, "its name; made up if not given"));
    parameters.addAll(made());
    parameters.add(flag("-d --detach", "its program runs on its own; its name is printed"));
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
    Vm vm = in.mica().vms().create(spec(in, in.optional("--name").orElse(null)));
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
        vm.remove(); // nobody asked for one that cannot be started
      }
    }
  }

  private static Result named(Invocation in, Vm vm) {
    in.conversation().out().println(vm.name());
    return new Result.Done(0);
  }

  /** Its program has ended, or it was detached from. */
  private static void left(Vm vm) {
    if (vm.state() == Vm.State.EXITED || vm.state() == Vm.State.FAILED) {
      vm.stop();
    }
  }

  private static VmSpec spec(Invocation in, @Nullable String name) {
    return VmSpec.of(name, RegistryCommands.from(in, in.value("--from")))
        .entrypoint(in.optional("--entrypoint").map(text -> entrypoint(in, text)).orElse(null))
        .program(in.all("ARGV"))
        .environment(pairs(in, "--env"))
        .user(in.optional("--user").orElse(""))
        .folder(in.optional("--workdir").orElse(""))
        .terminal(in.has("--tty"))
        .input(in.has("--interactive"))
        .memory(
            in.optional("--memory").map(text -> size(in, "--memory", text)).orElse(VmSpec.MEMORY))
        .processors(in.optional("--cpus").map(text -> count(in, text)).orElse(1))
        .disk(in.optional("--disk").map(text -> size(in, "--disk", text)).orElse(VmSpec.DISK))
        .labels(pairs(in, "--label"))
        .network(
            Network.of(
                in.optional("--net").orElse("none"),
                in.all("--publish").stream().map(Port::of).toList()))
        .shares(
            in.all("--share").stream().map(text -> VmShare.of(text, in.mica()::folder)).toList())
        .ulimits(in.all("--ulimit").stream().map(Ulimit::of).toList())
        .init(in.has("--init"))
        .restart(in.optional("--restart").map(Restart::of).orElse(Restart.NO))
        .remove(in.has("--rm"))
        .build();
  }

  /** As podman has it: one program, a JSON list of it and its first arguments, or nothing. */
  private static List<String> entrypoint(Invocation in, String text) {
    if (!text.startsWith("[")) {
      return text.isEmpty() ? List.of() : List.of(text);
    }
    try {
      return List.of(JsonMapper.shared().readValue(text, String[].class));
    } catch (JacksonException | NullPointerException wrong) { // the latter: a null among them
      throw in.wrong("--entrypoint takes a program or a JSON list of texts, not '" + text + "'");
    }
  }

  static Map<String, String> pairs(Invocation in, String option) {
    Map<String, String> pairs = new TreeMap<>();
    for (String text : in.all(option)) {
      int equals = text.indexOf('=');
      if (equals <= 0) {
        throw in.wrong(option + " takes NAME=VALUE, not '" + text + "'");
      }
      pairs.put(text.substring(0, equals), text.substring(equals + 1));
    }
    return pairs;
  }

  private static int count(Invocation in, String text) {
    if (!text.matches("\\d{1,4}")) {
      throw in.wrong("--cpus takes a number, not '" + text + "'");
    }
    return Integer.parseInt(text);
  }

  /** Bytes; K, M, G and T are powers of 1,024. */
  private static long size(Invocation in, String option, String text) {
    Matcher size = SIZE.matcher(text);
    if (!size.matches()) {
      throw in.wrong(option + " takes a size as 512M or 10G, not '" + text + "'");
    }
    int shift = size.group(2).isEmpty() ? 0 : 10 * ("KMGT".indexOf(size.group(2)) + 1);
    long number = Long.parseLong(size.group(1));
    if (number > Long.MAX_VALUE >> shift) {
      throw in.wrong(option + " takes no size as large as '" + text + "'");
    }
    return number << shift;
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
        List.of(VM, option("--time", Kind.TEXT, "seconds until it is killed; 10 if not given")),
        Role.OPERATOR,
        "ends its program by SIGTERM, or by SIGKILL if that is not enough; then the VM ends",
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

  /** What a VM uses, one figure a row. */
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

  /** One that cannot be removed is told, and the others go all the same. */
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
