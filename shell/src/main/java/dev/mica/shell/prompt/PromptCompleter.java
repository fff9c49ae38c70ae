package dev.mica.shell.prompt;

import dev.mica.failure.MicaException;
import dev.mica.scripting.Session;
import dev.mica.scripting.complete.HostNames;
import dev.mica.scripting.help.Help;
import dev.mica.scripting.run.ScriptEngine;
import dev.mica.shell.command.Command;
import dev.mica.shell.command.CommandTable;
import dev.mica.shell.command.Parameter;
import dev.mica.shell.print.Cells;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jline.reader.Candidate;
import org.jline.reader.Completer;
import org.jline.reader.LineReader;
import org.jline.reader.ParsedLine;
import org.jspecify.annotations.Nullable;

/** TAB: commands from the table, names from the host, the language from its analysis. */
final class PromptCompleter implements Completer {
  private static final List<String> META =
      List.of(":help", ":trace", ":java", ":groovy", ":reset", ":quit");

  private final HostNames hostNames;
  private final Supplier<ScriptEngine> engine;

  PromptCompleter(Session session, Supplier<ScriptEngine> engine) {
    this.hostNames = new HostNames(session.mica());
    this.engine = engine;
  }

  @Override
  public void complete(LineReader reader, ParsedLine line, List<Candidate> candidates) {
    switch (line) {
      case CommandLineAtCursor command -> command(command.words(), candidates);
      case LanguageLine language -> language(language, candidates);
      default -> throw new IllegalStateException("a line of our own parser: " + line);
    }
  }

  private void language(LanguageLine line, List<Candidate> candidates) {
    boolean beginning = line.line().substring(0, line.start()).isBlank() && line.quote().isEmpty();
    List<String> taken = new ArrayList<>();
    for (var candidate : engine.get().complete(line.line(), line.cursor())) {
      taken.add(candidate.value());
      candidates.add(
          new Candidate(
              candidate.value(),
              Cells.printable(candidate.value()),
              title(candidate.group()),
              blankToNull(candidate.description()),
              null,
              null,
              candidate.finished(),
              candidates.size()));
    }
    if (beginning) {
      CommandTable.get().next(List.of()).stream()
          .filter(verb -> !taken.contains(verb))
          .forEach(verb -> add(candidates, verb, "Commands", summary(List.of(verb))));
      META.forEach(word -> add(candidates, word, "Prompt", ""));
    }
  }

  private static String title(Enum<?> group) {
    String name = group.name();
    return name.charAt(0) + name.substring(1).toLowerCase(Locale.ROOT);
  }

  private static @Nullable String blankToNull(String text) {
    return text.isBlank() ? null : text;
  }

  private static void add(List<Candidate> candidates, String value, String group, String summary) {
    candidates.add(
        new Candidate(
            value,
            Cells.printable(value),
            group,
            blankToNull(summary),
            null,
            null,
            true,
            candidates.size()));
  }

  private void command(List<String> words, List<Candidate> candidates) {
    List<String> before = words.subList(0, words.size() - 1);
    if (words.getFirst().startsWith(":") || words.getFirst().equals("help")) {
      meta(before, candidates);
      return;
    }
    Optional<Command> command = CommandTable.get().find(before);
    if (command.isPresent()) {
      arguments(
          command.get(), words.subList(command.get().path().size(), words.size()), candidates);
    } else {
      for (String word : CommandTable.get().next(before)) {
        List<String> path = Stream.concat(before.stream(), Stream.of(word)).toList();
        add(candidates, word, "Commands", summary(path));
      }
    }
  }

  private static void meta(List<String> before, List<Candidate> candidates) {
    if (before.isEmpty()) {
      META.forEach(word -> add(candidates, word, "Prompt", ""));
    } else if (before.getFirst().endsWith("help")) {
      List<String> path = before.subList(1, before.size());
      CommandTable.get().next(path).forEach(word -> add(candidates, word, "Commands", ""));
      if (path.isEmpty()) {
        Help.get().names().forEach(word -> add(candidates, word, "Words", ""));
      }
    }
  }

  private static String summary(List<String> path) {
    List<Command> below = CommandTable.get().below(path);
    return below.size() == 1
        ? below.getFirst().summary()
        : String.join(", ", CommandTable.get().next(path));
  }

  private void arguments(Command command, List<String> args, List<Candidate> candidates) {
    String word = args.getLast();
    List<String> before = args.subList(0, args.size() - 1);
    Optional<Parameter> awaited = awaited(command, before);
    if (awaited.isPresent()) {
      values(awaited.get(), word, candidates);
    } else if (word.startsWith("-") || positional(command, before).isEmpty()) {
      options(command, before, candidates);
    } else {
      values(positional(command, before).get(), word, candidates);
    }
  }

  /** The option whose value comes next. */
  private static Optional<Parameter> awaited(Command command, List<String> before) {
    if (before.isEmpty()) {
      return Optional.empty();
    }
    return command.options().stream()
        .filter(option -> option.kind() != Parameter.Kind.FLAG)
        .filter(option -> option.names().contains(before.getLast()))
        .findFirst();
  }

  private static Optional<Parameter> positional(Command command, List<String> before) {
    int given = 0;
    for (int i = 0; i < before.size(); i++) {
      boolean value = awaited(command, before.subList(0, i)).isPresent();
      given += value || before.get(i).startsWith("-") ? 0 : 1;
    }
    return command.argument(given);
  }

  private static void options(Command command, List<String> before, List<Candidate> candidates) {
    command.options().stream()
        .filter(option -> option.many() || option.names().stream().noneMatch(before::contains))
        .forEach(option -> add(candidates, option.name(), "Options", option.summary()));
  }

  private void values(Parameter parameter, String word, List<Candidate> candidates) {
    try {
      switch (parameter.kind()) {
        case VM -> hostNames.vms(word).forEach(name -> add(candidates, name, "VMs", ""));
        case JOB -> hostNames.jobs(word).forEach(name -> add(candidates, name, "Jobs", ""));
        case SESSION -> hostNames.sessions(word).forEach(id -> add(candidates, id, "Sessions", ""));
        case USER -> hostNames.users(word).forEach(name -> add(candidates, name, "Users", ""));
        case UNION -> hostNames.unions(word).forEach(name -> add(candidates, name, "Unions", ""));
        case COMMIT -> hostNames.commits(word).forEach(ref -> add(candidates, ref, "Commits", ""));
        case PATH, SCRIPT -> paths(word, candidates);
        case LAYER -> {
          hostNames.commits(word).forEach(ref -> add(candidates, ref, "Commits", ""));
          paths(word, candidates);
        }
        case CHOICE -> parameter.choices().forEach(choice -> add(candidates, choice, "Values", ""));
        case FLAG, TEXT, ANY_TEXT, CODE, REST, PROGRAM -> {}
      }
    } catch (MicaException unreadable) {
      return; // a state directory that cannot be read has no names to offer
    }
  }

  private void paths(String word, List<Candidate> candidates) {
    for (String path : hostNames.paths(word)) {
      boolean directory = path.endsWith("/");
      candidates.add(
          new Candidate(
              path,
              Cells.printable(path),
              "Paths",
              null,
              null,
              null,
              !directory,
              candidates.size()));
    }
  }
}
