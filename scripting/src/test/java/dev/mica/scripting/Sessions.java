package dev.mica.scripting;

import dev.mica.Mica;
import dev.mica.scripting.run.Candidate;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Sessions for tests: what they print and show can be read. */
public final class Sessions {
  final ByteArrayOutputStream printed = new ByteArrayOutputStream();
  public final List<@Nullable Object> shown = new ArrayList<>();
  final List<String> said = new ArrayList<>();
  public final Session session;

  public Sessions(Path home) {
    PrintStream out = new PrintStream(printed, true, StandardCharsets.UTF_8);
    session = new Session(Mica.open(home), out, shown::add, said::add);
  }

  public @Nullable Object eval(String source) {
    return session.groovy().evaluate(source);
  }

  public List<String> complete(String source) {
    return session.groovy().complete(source, source.length()).stream()
        .map(Candidate::value)
        .toList();
  }
}
