package dev.mica.shell.print;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.mica.Mica;
import dev.mica.access.Role;
import dev.mica.schema.Descriptor;
import dev.mica.schema.Schema;
import dev.mica.schema.Shape;
import dev.mica.scripting.complete.Completion;
import dev.mica.scripting.help.Help;
import dev.mica.scripting.help.HelpEntry;
import dev.mica.scripting.run.Candidate;
import dev.mica.scripting.run.Context;
import dev.mica.scripting.words.WordsSchema;
import dev.mica.shell.attach.Client;
import dev.mica.shell.attach.TerminalFormat;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a new type needs: itself, its descriptor, and its lines in the help.txt beside them. */
final class NewTypeTest {
  /** A type that nothing but its descriptor knows. */
  public interface Lamp {
    String name();

    int watts();

    default Lamp dim() {
      return new Bulb(name(), watts() / 2);
    }
  }

  public record Bulb(String name, int watts) implements Lamp {
    /** Nobody's business. */
    @SuppressWarnings("unused") // that it is not found is tested
    public void unscrew() {}
  }

  private static final Schema SCHEMA =
      WordsSchema.LANGUAGE.and(
          Schema.of(
              Descriptor.of(
                  NewTypeTest.class,
                  Lamp.class,
                  Shape.<Lamp>of("lamps")
                      .essential("name", "string", Lamp::name)
                      .column("watts", "number", Lamp::watts)
                      .field("dimmed", "number", lamp -> lamp.dim().watts())
                      .build())));

  private static final Lamp DESK = new Bulb("desk", 40);
  private static final Lamp HALL = new Bulb("hall", 7);

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "TABLE | NAME  WATTS\\ndesk     40\\nhall      7\\n",
        "JSON | {\"lamps\":[{\"name\":\"desk\",\"watts\":40,\"dimmed\":20},"
            + "{\"name\":\"hall\",\"watts\":7,\"dimmed\":3}]}\\n",
        "YAML | lamps:\\n- name: desk\\n  watts: 40\\n  dimmed: 20\\n"
            + "- name: hall\\n  watts: 7\\n  dimmed: 3\\n",
      })
  void itIsPrinted(Format format, String expected) {
    StringWriter out = new StringWriter();
    new Printer(new Output(out, TerminalFormat.PLAIN, Client.NONE, SCHEMA))
        .show(List.of(DESK, HALL), format);
    assertThat(out.toString()).isEqualTo(expected.replace("\\n", "\n"));
  }

  @Test
  void itSaysWhatANarrowPageKeeps() {
    StringWriter out = new StringWriter();
    new Printer(new Output(out, new TerminalFormat(5, false), Client.NONE, SCHEMA))
        .show(List.of(DESK, HALL));
    assertThat(out.toString()).isEqualTo("NAME\ndesk\nhall\n");
  }

  @Test
  void itIsCompleted(@TempDir Path home) {
    Context context =
        new Context(
            Mica.open(home),
            System.out,
            value -> {},
            line -> {},
            failure -> String.valueOf(failure));
    context.variables().put("lamp", DESK);
    Completion completion = new Completion(context, new Help(SCHEMA), name -> Stream.empty());
    assertThat(completion.at("lamp.dim().", "lamp.dim().".length()))
        .extracting(Candidate::value, Candidate::description)
        .startsWith(
            tuple("dim()", "the same at half the power"),
            tuple("name", "how it is called"),
            tuple("watts", "what it takes"));
    assertThat(completion.at("lamp.un", "lamp.un".length())).isEmpty();
  }

  @Test
  void itHasHelp() {
    Help help = new Help(SCHEMA);
    HelpEntry dim = help.lookUp("Lamp.dim").getFirst();
    assertThat(dim.title()).isEqualTo("Lamp.dim()");
    assertThat(dim.role()).isEqualTo(Role.OPERATOR);
    assertThat(dim.example()).isEqualTo("lamp.dim()");
    assertThat(help.json(dim)).isEqualTo("{\"name\":string,\"watts\":number,\"dimmed\":number}");
    assertThat(help.names()).contains("Lamp", "watts");
    assertThat(help.typeName(Bulb.class)).isEqualTo("Lamp");
  }
}
