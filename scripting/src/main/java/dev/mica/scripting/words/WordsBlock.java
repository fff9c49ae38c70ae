package dev.mica.scripting.words;

import dev.mica.Mica;
import dev.mica.commit.Commit;
import dev.mica.failure.MicaException;
import dev.mica.folder.Folder;
import groovy.lang.GroovyObjectSupport;
import groovy.lang.MetaClass;
import groovy.lang.MissingPropertyException;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What all blocks have: the variables of their script, and the words that name a folder or a
 * commit. Without its two overrides Groovy would ask its beans for {@code class} and {@code
 * metaClass} where a script has a variable of that name.
 */
public abstract class WordsBlock extends GroovyObjectSupport {
  private final Mica mica;
  private final Map<String, @Nullable Object> variables;

  WordsBlock(Mica mica, Map<String, @Nullable Object> variables) {
    this.mica = mica;
    this.variables = variables;
  }

  final Mica mica() {
    return mica;
  }

  final Map<String, @Nullable Object> variables() {
    return variables;
  }

  /** The folder at that path or URI. */
  public Folder folder(String pathOrUri) {
    return mica.folder(pathOrUri);
  }

  /** The commit of that reference or id. */
  public Commit commit(String refOrId) {
    return mica.commits().get(refOrId);
  }

  /** A variable of the script; a block answers for its own words before. */
  @Override
  public @Nullable Object getProperty(String property) {
    if (!variables.containsKey(property)) {
      throw new MissingPropertyException(property, getClass());
    }
    return variables.get(property);
  }

  /** A block keeps the words that it has. */
  @Override
  public void setMetaClass(@Nullable MetaClass other) {
    throw MicaException.failed("change", "a block", "its words are Mica's")
        .hint("write a method of your own");
  }

  /** A block has none to set but those that it answers for. */
  @Override
  public void setProperty(String property, @Nullable Object value) {
    throw new MissingPropertyException(property, getClass());
  }
}
