package dev.mica.commit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mica.folder.Folder;
import dev.mica.folder.LayerSource;
import dev.mica.test.Scratch;
import dev.mica.test.ScratchTest;
import dev.mica.union.Union;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;

/** A test that changes what stands in the files of records. */
abstract class RecordsTestBase extends ScratchTest {
  /** Instead of a value: the record has none of that name. */
  static final String ABSENT = "(absent)";

  final Path at = scratch.path("at");

  /** A union with a change, and three commits: good, bad, and better on top. */
  final List<Commit> commits() {
    scratch.file("lower/file", "lower");
    List<Commit> commits = new ArrayList<>();
    LayerSource below = Folder.of(scratch.path("lower"));
    for (String name : List.of("good", "bad", "better")) {
      mica.unions().find("u").ifPresent(Union::remove);
      Union union = mica.unions().create(spec("u", List.of(below), scratch.path("up-" + name), at));
      Scratch.write(at.resolve(name), name);
      commits.add(mica.commits().create(union, name + ":v1", ""));
      below = commits.getLast();
    }
    return commits;
  }

  final Path commitFile(String id) {
    return scratch.path("home/commits/" + id + ".json");
  }

  /** What stands in a record: its name, and what is there instead of its value. */
  static String with(String text, String name, String value) {
    String changed =
        text.replaceFirst(
            "\"" + name + "\" : (\\[[^\\]]*\\]|\"[^\"]*\"|true|false|null)",
            Matcher.quoteReplacement(
                value.equals(ABSENT) ? "\"gone\" : 1" : "\"" + name + "\" : " + value));
    assertThat(changed).as("%s in %s", name, text).isNotEqualTo(text);
    return changed;
  }
}
