package dev.mica.shell.print;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mica.shell.attach.TerminalFormat;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.schema.CoreSchema;

/** Strings come back as they were, from readers of YAML 1.1 and 1.2 and of JSON. */
@SuppressWarnings("NullAway.Init") // JUnit sets the field
final class YamlTest {
  /** What looks like something else to a reader of either version. */
  private static final List<String> LOOKALIKES =
      List.of(
          "2026-11-28",
          "2026-11-28T20:05:33.29Z",
          "2026-11-28 20:05:33 +1",
          "12:30",
          "190:20:30.15",
          "00:50:56:55:42:45",
          "1_000",
          "0x1F",
          "0b101",
          "0o17",
          "0777",
          "08",
          "1e3",
          "1E+3",
          "+1",
          "-1",
          ".5",
          "5.",
          "1.",
          "1.5",
          "-.5e-3",
          ".inf",
          "-.INF",
          ".nan",
          "nan",
          "no",
          "Yes",
          "ON",
          "off",
          "y",
          "N",
          "true",
          "FALSE",
          "null",
          "Null",
          "~",
          "",
          " ",
          "<<",
          "=",
          "-",
          "?",
          ":",
          "- a",
          "? a",
          "a: b",
          "a:",
          ":a",
          "a #b",
          "#a",
          "&a",
          "*a",
          "!a",
          "|",
          ">",
          "%a",
          "@a",
          "`a",
          "'a'",
          "\"a\"",
          "[a",
          "{a",
          ",a",
          "]",
          "}",
          "---",
          "...",
          "--- a",
          " a",
          "a ",
          "\ta",
          "a\t",
          "a\nb",
          "a\n",
          "\na",
          " a\nb",
          "a\n\n",
          "a\n b",
          "a \nb",
          "a\r\nb",
          "a\rb",
          "\u0000",
          "\u0007",
          "\u001b[31m",
          "\u007f",
          "\u0085",
          "a\u0085\nb",
          "\u009b",
          "\u00a0",
          "\u2028",
          "a\n\u2029",
          "\u202e",
          "\u2066",
          "\ufeff",
          "a\ufeff",
          "e\u0301",
          "é",
          "日本 語",
          "😀",
          "\\",
          "\\n",
          "a\\",
          "0",
          "१",
          "½",
          "word ".repeat(50),
          "x".repeat(300));

  private static final List<String> PIECES =
      Stream.concat(
              LOOKALIKES.stream().filter(text -> text.length() < 20),
              Stream.of("a", "e", "E", "x", "T", "Z", "_", ".", "+", "0", "1", "12", "/", ", "))
          .toList();

  private static final String READ =
      """
      import json, sys, yaml
      load = json.load if sys.argv[2] == 'json' else yaml.safe_load
      with open(sys.argv[1], encoding='utf-8', newline='') as file:
          document = load(file)
      for key, value in document.items():
          for text in (key, value[0]):
              print(text.encode().hex() if isinstance(text, str) else type(text).__name__)
      """;

  @TempDir Path temp;

  private static Map<String, List<String>> strings() {
    long seed = Long.getLong("mica.seed", System.nanoTime());
    System.out.println("YamlTest: -Dmica.seed=" + seed);
    Random random = new Random(seed);
    Map<String, List<String>> strings = new LinkedHashMap<>();
    LOOKALIKES.forEach(text -> strings.put(text, List.of(text)));
    for (int i = 0; i < 3_000; i++) {
      String text =
          random
              .ints(1 + random.nextInt(5), 0, PIECES.size())
              .mapToObj(PIECES::get)
              .collect(Collectors.joining());
      strings.put(text, List.of(text));
    }
    return strings;
  }

  private static String written(Map<String, List<String>> strings, Format format) {
    StringWriter out = new StringWriter();
    new Printer(new Output(out, TerminalFormat.PLAIN)).show(strings, format);
    return out.toString();
  }

  @Test
  void eachReaderGetsTheSameStrings() throws Exception {
    Map<String, List<String>> strings = strings();
    String yaml = written(strings, Format.YAML);
    assertThat(strings.keySet().stream().filter(text -> !isKept(text)).map(YamlTest::hex))
        .as("YAML 1.2")
        .isEmpty();
    List<String> texts = new ArrayList<>();
    strings.keySet().forEach(text -> texts.addAll(List.of(hex(text), hex(text))));
    assertThat(read(yaml, "yaml")).as("YAML 1.1").isEqualTo(texts);
    assertThat(read(written(strings, Format.JSON), "json")).as("JSON").isEqualTo(texts);
  }

  /** Each by itself: long documents with emoji are too much for this reader. */
  private static boolean isKept(String text) {
    Map<String, List<String>> one = Map.of(text, List.of(text));
    LoadSettings settings = LoadSettings.builder().setSchema(new CoreSchema()).build();
    return one.equals(new Load(settings).loadFromString(written(one, Format.YAML)));
  }

  private static String hex(String text) {
    return HexFormat.of().formatHex(text.getBytes(StandardCharsets.UTF_8));
  }

  private List<String> read(String document, String format) throws IOException {
    Path file = Files.writeString(temp.resolve(format), document);
    Process python =
        new ProcessBuilder("/usr/bin/python3", "-c", READ, file.toString(), format)
            .redirectErrorStream(true)
            .start();
    return python.inputReader(StandardCharsets.UTF_8).lines().toList();
  }

  /** Neither has what a terminal obeys. */
  @Test
  void nothingUnprintableIsWritten() {
    for (Format format : List.of(Format.JSON, Format.YAML)) {
      assertThat(written(strings(), format).chars().filter(c -> c != '\n' && Unprintable.is(c)))
          .isEmpty();
    }
  }
}
