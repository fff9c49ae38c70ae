package dev.mica.shell.serve;

import dev.mica.Mica;
import dev.mica.access.Caller;
import dev.mica.access.Role;
import dev.mica.local.LocalReceiver;
import dev.mica.local.LocalRequest;
import dev.mica.local.LocalVisit;
import dev.mica.shell.attach.Client;
import dev.mica.shell.attach.LocalClient;
import dev.mica.shell.attach.Streams;
import dev.mica.shell.attach.TerminalFormat;
import dev.mica.shell.attach.Terminals;
import dev.mica.shell.command.CommandTable;
import dev.mica.shell.command.Conversation;
import dev.mica.shell.print.Output;
import dev.mica.shell.print.ProgressLine;
import dev.mica.shell.prompt.Asked;
import dev.mica.shell.prompt.Background;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Runs commands for processes of the same user on this host, as a process of their own would: with
 * its folder, its variables and its terminal.
 *
 * @param mica the objects as an admin sees them
 */
record LocalVisits(Mica mica) implements LocalReceiver {
  @Override
  public boolean accepts(List<String> words) {
    return CommandTable.get().isForAnyProcess(Conversation.wordsOf(words));
  }

  @Override
  public int receive(LocalVisit visit) {
    Asked asked = new Asked(Streams.ofChannel(visit.out(), visit.err(), format(visit.request())));
    visit.onSignal(asked.signals()::hear);
    visit.onLeave(asked::leave);
    Conversation conversation = conversation(visit, asked);
    List<String> words = Conversation.wordsOf(visit.request().words());
    return asked.run(() -> asked.command(conversation, words, progress(visit, asked.streams())));
  }

  private static TerminalFormat format(LocalRequest request) {
    return request.terminal().isInteractive()
        ? Terminals.format(request.columns(), request.type(), request.environment())
        : TerminalFormat.PLAIN;
  }

  private Conversation conversation(LocalVisit visit, Asked asked) {
    LocalRequest request = visit.request();
    Map<String, String> variables = request.environment();
    Caller caller = Caller.of(mica.caller().user(), Role.ADMIN, request.folder(), variables);
    Streams streams = asked.streams();
    Output output = new Output(streams.writer(), streams.terminalFormat(), client(visit, asked));
    return new Conversation(
            () -> mica.as(caller),
            streams.out(),
            () -> output,
            line -> streams.err().println("mica: " + line))
        .reading(visit.in())
        .detaching(new Background(false));
  }

  private static Client client(LocalVisit visit, Asked asked) {
    return new LocalClient(asked.streams(), asked.signals(), visit);
  }

  private static @Nullable ProgressLine progress(LocalVisit visit, Streams streams) {
    LocalRequest request = visit.request();
    boolean isShown =
        request.terminal().isInteractive()
            && request.terminal().err()
            && !Terminals.isDumb(request.type());
    if (!isShown) {
      return null;
    }
    ProgressLine line = new ProgressLine(streams.err(), visit::columns);
    streams.beforeData(line::stop);
    return line;
  }
}
