package dev.mica.shell.command;

import static dev.mica.shell.command.Parameter.flag;
import static dev.mica.shell.command.Parameter.option;
import static dev.mica.shell.command.Parameter.program;

import dev.mica.container.Network;
import dev.mica.container.Port;
import dev.mica.container.Restart;
import dev.mica.container.Ulimit;
import dev.mica.container.VmShare;
import dev.mica.container.VmSpec;
import dev.mica.shell.command.Parameter.Kind;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/** The options of {@code vm create} and {@code vm run}, and the spec that they make. */
final class VmOptions {
  private static final Pattern SIZE =
      Pattern.compile("(\\d{1,12})([KMGT]?)(i?B)?", Pattern.CASE_INSENSITIVE);

  static final Parameter PROGRAM =
      program("ARGV", "the program and its arguments; -- separates them from the options");

  static final Parameter INTERACTIVE = flag("-i --interactive", "it is written to");
  static final Parameter TTY = flag("-t --tty", "it has a terminal");

  private VmOptions() {}

  /** Those that say what a VM is made from and how it runs. */
  static List<Parameter> all() {
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
        option("-m --memory", Kind.TEXT, "of the VM, as 512M; 512M if not given"),
        option("--cpus", Kind.TEXT, "processors of the VM; 1 if not given"),
        option("--disk", Kind.TEXT, "what it may write, as 10G; 10G if not given"),
        option("-e --env", Kind.TEXT, "a variable of its program, as NAME=VALUE; NAME alone: yours")
            .repeatable(),
        option(
            "-u --user",
            Kind.TEXT,
            "the user of its program: USER or USER:GROUP; the image's or root if not given"),
        option(
            "-w --workdir",
            Kind.TEXT,
            "its program's working folder; the image's or / if not given"),
        option(
            "--net",
            Kind.TEXT,
            "what it can reach: none, or user for other hosts; none if not given"),
        option("-p --publish", Kind.TEXT, "a port that leads to it, as 8080:80; 80 for a free one")
            .repeatable(),
        option(
                "-v --share",
                Kind.TEXT,
                "a folder of this host that is shared with it, as /srv/data:/data[:ro]")
            .repeatable(),
        option(
                "--ulimit",
                Kind.TEXT,
                "a limit of each of its processes, as nofile=1024 or nofile=1024:2048")
            .repeatable(),
        option("-l --label", Kind.TEXT, "a label, as NAME=VALUE").repeatable(),
        option(
            "--restart",
            Kind.TEXT,
            "whether it is started again when its program has ended: no, on-failure[:N] or always"),
        option(
            "--stop-signal",
            Kind.TEXT,
            "what asks its program to end; the image's or SIGTERM if not given"),
        flag(
            "--init",
            "its first process starts the program, and reaps the processes that it leaves behind"),
        flag("--rm", "it is removed when its program has ended"),
        INTERACTIVE,
        TTY);
  }

  /** What they say of a VM of that name; null: one is made up. */
  static VmSpec spec(Invocation in, @Nullable String name) {
    return VmSpec.of(name, RegistryCommands.from(in, in.value("--from")))
        .entrypoint(in.optional("--entrypoint").map(text -> entrypoint(in, text)).orElse(null))
        .program(in.all("ARGV"))
        .environment(environment(in))
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
        .stopSignal(in.optional("--stop-signal").orElse(""))
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

  /** A name alone means the variable of the one who asks, as with other container programs. */
  static Map<String, String> environment(Invocation in) {
    Map<String, String> mine = in.mica().caller().environment();
    Map<String, String> all = new TreeMap<>();
    for (String text : in.all("--env")) {
      if (text.indexOf('=') >= 0) {
        addPair(in, "--env", text, all);
      } else if (mine.containsKey(text)) {
        all.put(text, mine.get(text));
      } else {
        throw in.wrong("--env " + text + ": you have no variable " + text + "; write NAME=VALUE");
      }
    }
    return all;
  }

  static Map<String, String> pairs(Invocation in, String option) {
    Map<String, String> pairs = new TreeMap<>();
    for (String text : in.all(option)) {
      addPair(in, option, text, pairs);
    }
    return pairs;
  }

  private static void addPair(
      Invocation in, String option, String text, Map<String, String> pairs) {
    int equals = text.indexOf('=');
    if (equals <= 0) {
      throw in.wrong(option + " takes NAME=VALUE, not '" + text + "'");
    }
    pairs.put(text.substring(0, equals), text.substring(equals + 1));
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
    int shift =
        size.group(2).isEmpty()
            ? 0
            : 10 * ("KMGT".indexOf(size.group(2).toUpperCase(Locale.ROOT)) + 1);
    long number = Long.parseLong(size.group(1));
    if (number > Long.MAX_VALUE >> shift) {
      throw in.wrong(option + " takes no size as large as '" + text + "'");
    }
    return number << shift;
  }
}
