package dev.mica.scripting.words;

import dev.mica.Mica;
import dev.mica.failure.MicaException;
import dev.mica.folder.Folder;
import dev.mica.folder.LayerSource;
import dev.mica.union.UnionSpec;
import dev.mica.union.UnionSpec.Via;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.codehaus.groovy.runtime.typehandling.DefaultTypeTransformation;
import org.jspecify.annotations.Nullable;

/** Collects the words of one {@code union} block into a spec. Public for the scripts it serves. */
public final class UnionBlock extends WordsBlock implements UnionWords {
  private final Coercions coercions;
  private final List<LayerSource> lowers = new ArrayList<>();
  private @Nullable Folder upper;
  private @Nullable Folder work;
  private @Nullable Folder at;
  private @Nullable String name;
  private Via via = Via.AUTO;
  private boolean readOnly;

  public UnionBlock(Mica mica, Map<String, @Nullable Object> variables) {
    super(mica, variables);
    this.coercions = new Coercions(mica);
  }

  @Override
  public void lower(Object... layers) {
    for (Object layer : layers) {
      lowers.add(coercions.layer(layer));
    }
  }

  @Override
  public void upper(Object folder) {
    upper = coercions.folder(folder);
  }

  @Override
  public void work(Object folder) {
    work = coercions.folder(folder);
  }

  @Override
  public void at(Object folder) {
    at = coercions.folder(folder);
  }

  @Override
  public void via(Via mounter) {
    via = mounter;
  }

  @Override
  public void name(String given) {
    name = given;
  }

  /** Reading it says it: a bare {@code readOnly} in a block is a property to Groovy. */
  @Override
  public Object getReadOnly() {
    readOnly = true;
    return true;
  }

  @Override
  public Via getAuto() {
    return Via.AUTO;
  }

  @Override
  public Via getKernel() {
    return Via.KERNEL;
  }

  @Override
  public Via getFuse() {
    return Via.FUSE;
  }

  @Override
  public Via getGuest() {
    return Via.GUEST;
  }

  @Override
  public @Nullable Object getProperty(String property) {
    return switch (property) {
      case "readOnly" -> getReadOnly();
      case "auto" -> getAuto();
      case "kernel" -> getKernel();
      case "fuse" -> getFuse();
      case "guest" -> getGuest();
      default -> super.getProperty(property);
    };
  }

  @Override
  public void setProperty(String property, @Nullable Object value) {
    if (property.equals("readOnly")) {
      readOnly = DefaultTypeTransformation.castToBoolean(value);
    } else {
      super.setProperty(property, value);
    }
  }

  public UnionSpec spec() {
    if (lowers.isEmpty()) {
      throw incomplete("it has no lower").hint("say what lies below: lower '/srv/debian'");
    }
    if (at == null) {
      throw incomplete("it does not say where").hint("say where it is mounted: at '/mnt/u'");
    }
    if (upper == null && !readOnly) {
      throw incomplete("it has no upper")
          .hint("say where changes land: upper '/srv/work', or say readOnly");
    }
    if (upper != null && readOnly) {
      throw incomplete("it is readOnly and has the upper " + upper.location())
          .hint("leave out one of them");
    }
    return new UnionSpec(name, lowers, upper, work, at, via);
  }

  private MicaException incomplete(String why) {
    return MicaException.usage("make the union", name == null ? "" : name, why);
  }
}
