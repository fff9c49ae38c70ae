package dev.mica.shell.command;

import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * The manual, from the command table: {@code mica.1}, which has all that is about the language, and
 * a page for the first word of each other command.
 */
final class ManPages {
  private static final String ENVIRONMENT =
      """
      .SH ENVIRONMENT
      .TP
      .B MICA_HOME
      where Mica keeps its own; /var/lib/mica for root, else mica below $XDG_STATE_HOME
      .TP
      .B MICA_LOCK_WAIT
      how many seconds to wait for another process; 10 if not given
      .TP
      .B MICA_WITHOUT
      mounters that count as unavailable, such as kernel,fuse
      .TP
      .B MICA_TRACE
      set to 1, it adds the stack to an error
      .TP
      .B MICA_LOG
      error, warn, info or debug: what is logged on standard error; nothing if not given
      .TP
      .B NO_COLOR
      leaves colours out
      .TP
      .B MICA_JAVA
      the home of the JDK to use, 25 or newer
      .TP
      .B MICA_JAVA_OPTS
      more options for java, parted by blanks
      .TP
      .BR MICA_KERNEL ", " MICA_VIRTIOFSD
      the kernel and the file server of the helper VM
      """;

  private static final String EXIT_STATUS =
      """
      .SH EXIT STATUS
      0 done, 1 what was asked for failed (with \\-\\-exit\\-code: something differs), 2 the command line is
      wrong and nothing was touched, 3 not permitted.
      """;

  private static final String DESCRIPTION =
      """
      .SH SYNOPSIS
      .B mica
      .RI [ COMMAND ]
      .br
      .B mica
      .IR FILE .groovy
      .RI [ ARGS ]
      .SH DESCRIPTION
      Mica is an interactive shell and scripting host whose objects are folders, union mounts and commits.
      Without a command it is a prompt. With the name of a script it runs that, with \\-e an expression. The
      commands below do one thing each; their data goes to the standard output, all else to standard error.
      """;

  private ManPages() {}

  /** Each page by the name of its file. */
  static Map<String, String> of(List<Command> commands) {
    Map<String, List<Command>> groups =
        commands.stream()
            .filter(command -> !isOfOverview(command))
            .collect(
                Collectors.groupingBy(
                    command -> command.path().getFirst(), LinkedHashMap::new, Collectors.toList()));
    Map<String, String> pages = new LinkedHashMap<>();
    pages.put("mica.1", overview(commands, List.copyOf(groups.keySet())));
    groups.forEach((group, own) -> pages.put("mica-" + group + ".1", page(group, own)));
    return pages;
  }

  private static boolean isOfOverview(Command command) {
    return command.language().isEmpty();
  }

  private static String overview(List<Command> commands, List<String> groups) {
    StringBuilder page = new StringBuilder(title("mica"));
    page.append("mica \\- folders, union mounts and commits\n").append(DESCRIPTION);
    page.append(".SH COMMANDS\n");
    for (Command command : commands) {
      if (!isOfOverview(command)) {
        page.append(".TP\n.B ").append(text("mica " + command.name())).append('\n');
        page.append(text(command.summary())).append('\n');
      }
    }
    commands.stream().filter(ManPages::isOfOverview).forEach(command -> describe(page, command));
    page.append(EXIT_STATUS).append(ENVIRONMENT).append(".SH SEE ALSO\n");
    page.append(
        groups.stream()
            .map(group -> ".BR mica\\-" + group + " (1)")
            .sorted()
            .collect(Collectors.joining(",\n")));
    return page.append('\n').toString();
  }

  private static String page(String group, List<Command> commands) {
    StringBuilder page = new StringBuilder(title("mica-" + group));
    page.append("mica\\-").append(group).append(" \\- ");
    page.append(
        text(
            commands.size() == 1
                ? commands.getFirst().summary()
                : String.join(", ", CommandTable.get().next(List.of(group)))));
    page.append("\n.SH SYNOPSIS\n");
    page.append(
        commands.stream()
            .map(command -> ".B " + text(command.usage()) + "\n")
            .collect(Collectors.joining(".br\n")));
    page.append(".SH COMMANDS\n");
    commands.forEach(command -> describe(page, command));
    return page.append(EXIT_STATUS).append(".SH SEE ALSO\n.BR mica (1)\n").toString();
  }

  private static void describe(StringBuilder page, Command command) {
    page.append(".SS ").append(text("mica " + command.name())).append('\n');
    page.append(text(command.summary())).append(".\n");
    for (Parameter parameter : command.parameters()) {
      page.append(".TP\n.B ").append(text(String.join(", ", parameter.names()))).append('\n');
      page.append(text(parameter.summary()));
      if (!parameter.choices().isEmpty()) {
        page.append(text(": " + String.join(", ", parameter.choices())));
      }
      page.append('\n');
    }
    page.append(".PP\nExample:\n.PP\n.RS 4\n.nf\n").append(text(command.example()));
    page.append("\n.fi\n.RE\n");
    if (!command.shape().isEmpty()) {
      page.append(".PP\nAs JSON it prints\n.PP\n.RS 4\n.nf\n");
      page.append(text(command.shape())).append("\n.fi\n.RE\n");
    }
  }

  private static String title(String name) {
    return ".\\\" Made by the build from the table of commands.\n.TH "
        + text(name.toUpperCase(Locale.ROOT))
        + " 1 "
        + LocalDate.now(ZoneOffset.UTC)
        + " Mica\n.nh\n.ad l\n.SH NAME\n";
  }

  /** As roff reads it, wherever in a line it stands. */
  private static String text(String plain) {
    String escaped =
        plain.replace("\\", "\\e").replace("-", "\\-").replace("…", "...").replace("\n", " ");
    return escaped.startsWith(".") || escaped.startsWith("'") ? "\\&" + escaped : escaped;
  }
}
