package dev.mica.shell.serve;

import dev.mica.shell.attach.ChannelClient;
import dev.mica.shell.attach.Client;
import dev.mica.shell.attach.Streams;
import dev.mica.shell.attach.TerminalFormat;
import dev.mica.shell.attach.Terminals;
import dev.mica.shell.command.CommandLineException;
import dev.mica.shell.command.Conversation;
import dev.mica.shell.command.LineKind;
import dev.mica.shell.command.ShellWords;
import dev.mica.shell.print.Cells;
import dev.mica.shell.print.Output;
import dev.mica.shell.print.ProgressLine;
import dev.mica.shell.prompt.Asked;
import dev.mica.shell.prompt.Background;
import dev.mica.shell.prompt.Piped;
import dev.mica.shell.prompt.Prompt;
import dev.mica.ssh.Receiver;
import dev.mica.ssh.Visit;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.jline.terminal.Size;
import org.jline.terminal.Terminal;
import org.jspecify.annotations.Nullable;

/**
 * Runs what the clients of the server ask for: the same conversation as at a terminal, in a pipe or
 * in the arguments of {@code mica}, over their streams instead of those of the process.
 */
final class Visits implements Receiver {
  @Override
  public int receive(Visit visit) throws IOException {
    Optional<Visit.Screen> screen = visit.screen();
    if (screen.isEmpty()) {
      Streams streams = Streams.ofChannel(visit.out(), visit.err(), TerminalFormat.PLAIN);
      return new One(visit, streams, null).run();
    }
    Visit.Screen at = screen.get();
    try (Terminal terminal =
        Terminals.ofChannel(visit.in(), visit.out(), at.type(), size(at.size()))) {
      visit.onResize(size -> resize(terminal, size));
      if (visit.command().isEmpty()) {
        Prompt prompt = Prompt.ofChannel(terminal, visit.mica(), visit.history());
        visit.onLeave(prompt::leave);
        visit.onAsk(prompt::running);
        visit.onMessage(prompt::say);
        return prompt.run();
      }
      Streams streams = Streams.ofChannel(terminal.output(), terminal.output(), format(visit, at));
      return new One(visit, streams, terminal).run();
    }
  }

  private static Size size(Visit.Size size) {
    return Size.of(size.columns(), size.rows());
  }

  private static void resize(Terminal terminal, Visit.Size size) {
    terminal.setSize(size(size));
    terminal.raise(Terminal.Signal.WINCH);
  }

  private static TerminalFormat format(Visit visit, Visit.Screen screen) {
    boolean colour =
        Terminals.wantsColour(visit.mica().caller().environment())
            && !screen.type().startsWith(Terminal.TYPE_DUMB);
    return new TerminalFormat(screen.size().columns(), colour);
  }

  /** Runs a command, or the lines that a program sends. */
  private static final class One {
    private final Visit visit;
    private final Streams streams;
    private final @Nullable Terminal terminal;
    private final Asked asked;

    One(Visit visit, Streams streams, @Nullable Terminal terminal) {
      this.visit = visit;
      this.streams = streams;
      this.terminal = terminal;
      this.asked = new Asked(streams);
      visit.onSignal(asked.signals()::hear);
      visit.onLeave(asked::leave);
      visit.onAsk(asked::running);
      visit.onMessage(asked::say);
      if (terminal != null) {
        terminal.handle(Terminal.Signal.INT, key -> asked.signals().hear(2));
      }
    }

    int run() {
      Conversation conversation = conversation();
      Optional<String> command = visit.command();
      return command.isPresent()
          ? asked.run(() -> command(read(conversation), command.get()))
          : asked.run(() -> new Piped(conversation, streams).run(visit.in()));
    }

    private Conversation conversation() {
      Client client = new ChannelClient(streams, visit.in(), asked.signals(), terminal);
      Output output = new Output(streams.writer(), streams.terminalFormat(), client);
      return new Conversation(
              visit::mica,
              streams.out(),
              () -> output,
              line -> streams.err().println("mica: " + line))
          .detaching(new Background(false));
    }

    private Conversation read(Conversation conversation) {
      return terminal == null ? conversation.reading(visit.in()) : conversation;
    }

    private int command(Conversation conversation, String line) {
      if (ShellWords.of(line).isIncomplete()) {
        throw new CommandLineException("a quote is not closed: " + Cells.printable(line));
      }
      List<String> words = Conversation.wordsOf(LineKind.words(line));
      return asked.command(conversation, words, progress());
    }

    private @Nullable ProgressLine progress() {
      if (terminal == null || terminal.getType().startsWith(Terminal.TYPE_DUMB)) {
        return null;
      }
      PrintStream talk = new PrintStream(terminal.output(), true, StandardCharsets.UTF_8);
      ProgressLine line = new ProgressLine(talk, () -> terminal.getSize().getColumns());
      streams.beforeData(line::stop);
      return line;
    }
  }
}
