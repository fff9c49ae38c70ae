package dev.mica.shell.command;

import static dev.mica.shell.command.Parameter.flag;
import static dev.mica.shell.command.Parameter.option;

import dev.mica.access.Role;
import dev.mica.container.LogQuery;
import dev.mica.container.Vm;
import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import dev.mica.shell.command.Parameter.Kind;
import dev.mica.shell.print.Format;
import dev.mica.shell.print.Result;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** {@code vm logs}. */
final class VmLogs {
  private static final Pattern AGO = Pattern.compile("(\\d{1,9})([smhd])");

  private VmLogs() {}

  static Command command() {
    return new Command(
        List.of("vm", "logs"),
        List.of(
            VmCommands.VM,
            flag("-f --follow", "prints until its program has ended"),
            option("--tail", Kind.TEXT, "how many lines at most; all if not given"),
            flag("--timestamps", "each line begins with its time"),
            option("--since", Kind.TEXT, "what was said since then: 10m, 2h, or a time or a date")),
        Role.VIEWER,
        "prints the output of its program, and the standard error of the program on standard error",
        "mica vm logs web --tail 20 -f",
        "println vm('web').logs",
        "{\"logs\":string}",
        VmLogs::run);
  }

  private static Result run(Invocation in) {
    Vm vm = VmCommands.vm(in);
    LogQuery query = query(in);
    if (in.format() == Format.TABLE) {
      return Result.Attached.to(vm, query);
    }
    if (in.has("--follow")) {
      throw in.wrong("--follow has no end to make a document of; leave --output out");
    }
    ByteArrayOutputStream said = new ByteArrayOutputStream();
    try {
      vm.logs(query, said, said, () -> true);
      return new Result.Text("logs", said.toString(StandardCharsets.UTF_8));
    } catch (IOException broken) {
      throw MicaException.failed("read the log of the VM", vm.name(), Why.of(broken))
          .because(broken);
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
      throw new CancellationException("cancelled");
    }
  }

  private static LogQuery query(Invocation in) {
    return new LogQuery(
        in.has("--follow"),
        in.optional("--tail").map(text -> lines(in, text)).orElse(-1L),
        in.has("--timestamps"),
        in.optional("--since").map(text -> since(in, text)).orElse(null));
  }

  private static long lines(Invocation in, String text) {
    if (!text.matches("\\d{1,18}")) {
      throw in.wrong("--tail takes a number of lines, not '" + text + "'");
    }
    return Long.parseLong(text);
  }

  /** The time that {@code --since} gives. */
  static Instant since(Invocation in, String text) {
    Matcher ago = AGO.matcher(text);
    try {
      if (ago.matches()) {
        return Clock.systemUTC().instant().minus(ago(Long.parseLong(ago.group(1)), ago.group(2)));
      }
      return text.contains("T")
          ? OffsetDateTime.parse(text).toInstant()
          : LocalDate.parse(text).atStartOfDay(ZoneId.systemDefault()).toInstant();
    } catch (DateTimeException | ArithmeticException none) {
      throw in.wrong(
          "--since takes a time ago as 10m or 2h, a date, or a time as 2026-11-28T18:37:06Z, not '"
              + text
              + "'");
    }
  }

  private static Duration ago(long number, String unit) {
    return switch (unit) {
      case "s" -> Duration.ofSeconds(number);
      case "m" -> Duration.ofMinutes(number);
      case "h" -> Duration.ofHours(number);
      default -> Duration.ofDays(number);
    };
  }
}
