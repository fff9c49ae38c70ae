package dev.mica.shell.command;

import dev.mica.access.Request;
import dev.mica.audit.Secrets;
import dev.mica.background.Job;
import dev.mica.background.JobSchema;
import dev.mica.shell.print.Cells;
import dev.mica.shell.print.Format;
import dev.mica.shell.print.Output;
import dev.mica.shell.print.Result;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/** Runs a line of the command language. */
final class Dispatch {
  private final Conversation conversation;
  private final Output output;
  private final Invocation.Talk talk;

  Dispatch(Conversation conversation, Output output, Invocation.Talk talk) {
    this.conversation = conversation;
    this.output = output;
    this.talk = talk;
  }

  /** Runs {@code words}, prints what comes of it, and returns the exit status. */
  int run(List<String> words) {
    CommandTable table = CommandTable.get();
    if (words.getLast().equals("&")) {
      return detach(table, words.subList(0, words.size() - 1));
    }
    if (words.size() == 2
        && table.isGroup(words.getFirst())
        && CommandParser.isHelp(words.getLast())) {
      output.print(HelpText.of(words.subList(0, 1)), Format.TABLE);
      return 0;
    }
    Command command = table.find(words).orElseThrow(() -> table.unknown(words));
    List<String> args = words.subList(command.path().size(), words.size());
    CommandParser parser = new CommandParser(command);
    if (parser.asksForHelp(args)) {
      output.print(HelpText.of(command), Format.TABLE);
      return 0;
    }
    // The objects ask, too; a command that forgot to would be refused here all the same.
    conversation.require(command);
    Invocation invocation =
        new Invocation(conversation, command, parser.parse(args), talk, output.hasTerminal());
    if (invocation.has("--detach") && command.isDetachable()) {
      return detach(table, words.stream().filter(word -> !word.equals("--detach")).toList());
    }
    Result result = run(command, invocation);
    return switch (result) {
      case Result.Done done -> done.status();
      case Result.Attached attached -> output.attach(attached, invocation.format());
      default -> invocation.exitStatus(output.print(result, invocation.format()));
    };
  }

  /** Begins a command as a job, and prints its number. */
  private int detach(CommandTable table, List<String> words) {
    Command command = table.find(words).orElseThrow(() -> table.unknown(words));
    if (!command.isDetachable()) {
      throw new CommandLineException(
          command, "it cannot run in the background; what can has --detach in its help");
    }
    List<String> args = words.subList(command.path().size(), words.size());
    Map<String, List<String>> values = new CommandParser(command).parse(args);
    conversation.require(command);
    String what = Secrets.masked(Cells.printable(String.join(" ", words)));
    Job job = conversation.detach(what, words, command.isRepeatable());
    Format format =
        new Invocation(conversation, command, values, talk, output.hasTerminal()).format();
    output.print(
        format == Format.TABLE
            ? new Result.Text("job", job.id() + "\n")
            : new Result.One<>(JobSchema.JOB.shape(), job),
        format);
    return 0;
  }

  /** What a command changes is one line of the audit. */
  private Result run(Command command, Invocation invocation) {
    Supplier<Result> action = () -> command.action().run(invocation);
    return command.runsOthers()
        ? action.get()
        : Request.command(
            command.name(), command.changes(), () -> conversation.mica().caller(), action);
  }
}
