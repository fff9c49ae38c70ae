package dev.mica.shell.prompt;

import dev.mica.scripting.Session;
import dev.mica.scripting.run.Analysis;
import dev.mica.shell.attach.Terminals;
import dev.mica.shell.command.Conversation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jline.reader.Candidate;
import org.jline.reader.Completer;
import org.jline.reader.LineReader;
import org.jline.reader.LineReader.Option;
import org.jline.reader.impl.history.DefaultHistory;
import org.jline.terminal.Terminal;

/** Makes the line editor. */
final class Readers {
  private Readers() {}

  /** The lines of a session, with an editor if the terminal can be driven. */
  static Lines lines(Terminal terminal, Conversation conversation, Path history)
      throws IOException {
    Session session = conversation.session();
    LineParser parser = new LineParser(conversation);
    if (terminal.getType().startsWith(Terminal.TYPE_DUMB)) {
      return new PlainLines(terminal, parser);
    }
    LineEditor reader =
        new LineEditor(terminal, Terminals.wantsColour(session.mica().caller().environment()));
    reader.setHistory(new DefaultHistory());
    reader.setParser(parser);
    reader.setCompleter(unhurried(new PromptCompleter(session, conversation::engine)));
    reader.setHighlighter(new PromptHighlighter(session));
    reader.variable(LineReader.HISTORY_FILE, history);
    reader.variable(LineReader.SECONDARY_PROMPT_PATTERN, "  ... ");
    reader.variable(LineReader.LIST_MAX, 500);
    reader.option(Option.DISABLE_EVENT_EXPANSION, true);
    reader.option(Option.HISTORY_TIMESTAMPED, false);
    reader.option(Option.HISTORY_IGNORE_SPACE, true);
    reader.option(Option.COMPLETE_MATCHER_TYPO, false);
    reader.option(Option.AUTO_FRESH_LINE, true);
    prepare(history);
    warmAfterDrawing(reader, session);
    return reader;
  }

  /** Names of files may come from a server that is away, and Java's from a compiler. */
  private static Completer unhurried(Completer completer) {
    return (reader, line, candidates) ->
        candidates.addAll(
            Analysis.ask(
                () -> {
                  List<Candidate> found = new ArrayList<>();
                  completer.complete(reader, line, found);
                  return found;
                },
                List::of));
  }

  /** The history may hold what nobody else should read. */
  private static void prepare(Path history) {
    try {
      if (!Files.exists(history)) {
        Files.createDirectories(
            history.getParent(),
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        Files.createFile(
            history,
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      }
    } catch (IOException unwritable) {
      return; // then this conversation leaves no history
    }
  }

  /** Groovy takes half a second to load: it does so while the user thinks. */
  private static void warmAfterDrawing(LineReader reader, Session session) {
    AtomicBoolean warmed = new AtomicBoolean();
    reader
        .getWidgets()
        .put(
            LineReader.CALLBACK_INIT,
            () -> {
              if (warmed.compareAndSet(false, true)) {
                Thread.ofPlatform().name("mica-warm").daemon().start(() -> session.groovy().warm());
              }
              return true;
            });
  }
}
