package dev.mica.scripting.words;

import dev.mica.Mica;
import dev.mica.commit.Commit;
import dev.mica.commit.Commits;
import dev.mica.failure.MicaException;
import dev.mica.folder.Diff;
import dev.mica.folder.Folder;
import dev.mica.folder.LayerSource;
import dev.mica.union.Union;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.regex.Pattern;

/** Turns a text or an object into the folder or commit that is wanted in its place. */
public final class Coercions {
  /** How a text begins that is a path, whatever there is. */
  private static final Pattern PATH = Pattern.compile("/|\\./|\\.\\./|~");

  private final Mica mica;

  /** Over the folders and commits of {@code mica}. */
  public Coercions(Mica mica) {
    this.mica = mica;
  }

  /** A folder: itself, a path, or the place where a union is mounted. */
  public Folder folder(Object what) {
    return switch (what) {
      case Folder folder -> folder;
      case Union union -> union.at();
      case Path path -> Folder.of(mica.caller(), path);
      case CharSequence text -> mica.folder(text.toString());
      default -> throw unfit(what, "a folder, a path or a union");
    };
  }

  /**
   * A layer source: a folder, a commit, or a text. A text that begins like a path is one; any other
   * is a commit if there is such a commit, else a path.
   */
  public LayerSource layer(Object what) {
    if (!(what instanceof CharSequence)) {
      return what instanceof LayerSource source ? source : folder(what);
    }
    String text = what.toString();
    if (PATH.matcher(text).lookingAt()) {
      return mica.folder(text);
    }
    Optional<Commit> commit = mica.commits().find(text);
    if (commit.isEmpty()) {
      return mica.folder(text);
    }
    if (mica.folder(text).exists()) {
      throw MicaException.usage("choose between", text, "it is a commit and a file here")
          .hint("write ./" + text + " for the file, or the commit's id " + commit.get().id());
    }
    return commit.get();
  }

  /**
   * What a VM is to be made from: a layer source as of {@link #layer}, or else an image of a
   * registry. One that was pulled before is taken as it is here; another is pulled by {@link
   * #pulled} only.
   */
  public LayerSource start(Object what) {
    if (!(what instanceof CharSequence)) {
      return layer(what);
    }
    String text = what.toString();
    Commits commits = mica.commits();
    if (PATH.matcher(text).lookingAt()
        || !commits.isReference(text)
        || commits.find(text).isPresent()
        || mica.folder(text).exists()) {
      LayerSource layer = layer(text);
      requireThere(layer, text);
      return layer;
    }
    return commits.findPulled(text).map(LayerSource.class::cast).orElse(new Unpulled(text));
  }

  /** An image of a registry whose tag is left out looks like a folder that is missing. */
  private void requireThere(LayerSource layer, String text) {
    boolean image = !PATH.matcher(text).lookingAt() && mica.commits().isReference(text + ":latest");
    if (image && layer instanceof Folder folder && !folder.exists()) {
      throw MicaException.failed("find", text, "there is no folder and no commit of that name")
          .hint("an image of a registry needs its tag: write " + text + ":latest");
    }
  }

  /** The same, pulled if it is an image that is not here; {@code say} tells people of that. */
  public LayerSource pulled(LayerSource start, Consumer<String> say) {
    if (!(start instanceof Unpulled image)) {
      return start;
    }
    say.accept("pulling " + image.label() + ", which is not here");
    Commits.Loaded loaded = mica.commits().pull(image.label(), Optional.empty(), Optional.empty());
    loaded.remarks().forEach(say);
    return loaded.commits().getFirst();
  }

  /** The diff of two folders or of two commits. */
  public Diff diff(Object from, Object to, boolean exact) {
    LayerSource a = from instanceof Union union ? union.at() : layer(from);
    LayerSource b = to instanceof Union union ? union.at() : layer(to);
    if (a instanceof Commit old && b instanceof Commit now) {
      return old.diff(now);
    }
    if (a instanceof Folder old && b instanceof Folder now) {
      return exact ? old.diffExact(now) : old.diff(now);
    }
    throw MicaException.usage(
            "diff", a.label() + " and " + b.label(), "one is a commit, the other a folder")
        .hint("mount the commit and give the path where it is mounted");
  }

  private static MicaException unfit(Object what, String wanted) {
    return MicaException.usage(
        "use", what, "it is of type " + what.getClass().getSimpleName() + ", wanted was " + wanted);
  }
}
