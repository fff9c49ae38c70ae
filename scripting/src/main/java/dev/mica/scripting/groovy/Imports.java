package dev.mica.scripting.groovy;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import org.codehaus.groovy.ast.ClassHelper;
import org.codehaus.groovy.ast.ClassNode;
import org.codehaus.groovy.ast.ImportNode;
import org.codehaus.groovy.ast.ModuleNode;
import org.jspecify.annotations.Nullable;

/**
 * The imports of earlier lines, for the lines that follow. What did not compile is never among
 * them, or no later line would.
 */
final class Imports {
  /** What Groovy itself imports, as far as it matters for a completion. */
  private static final List<String> GROOVYS =
      List.of("java.lang", "java.util", "java.io", "groovy.lang");

  /** What every script begins with. */
  static final List<String> PACKAGES =
      List.of(
          "dev.mica",
          "dev.mica.folder",
          "dev.mica.union",
          "dev.mica.commit",
          "dev.mica.host",
          "dev.mica.failure",
          "java.nio.file",
          "java.time");

  /**
   * One.
   *
   * @param type a class; with {@code alias} null and no {@code fixed}, a package with its dot
   * @param member the static member; null for the class, or for all of them
   * @param alias under which name; null for all there are
   * @param fixed whether it is a static one
   */
  private record Import(
      String type, @Nullable String member, @Nullable String alias, boolean fixed) {
    static Import of(ImportNode node) {
      String from = node.getType() == null ? node.getPackageName() : node.getClassName();
      String alias = node.isStar() ? null : node.getAlias();
      return new Import(from, node.getFieldName(), alias, node.isStatic());
    }

    void addTo(ModuleNode module) {
      if (fixed && alias == null) {
        module.addStaticStarImport(type, ClassHelper.make(type));
      } else if (fixed) {
        module.addStaticImport(ClassHelper.make(type), member, alias);
      } else if (alias == null) {
        module.addStarImport(type);
      } else {
        module.addImport(alias, ClassHelper.make(type));
      }
    }

    boolean isCalled(String name, boolean asStatic) {
      return fixed == asStatic && name.equals(alias);
    }
  }

  private List<Import> known = List.of();

  /** Those that {@code module} has itself, not yet known. */
  static Imports of(ModuleNode module) {
    Imports own = new Imports();
    own.known =
        Stream.of(
                module.getImports(),
                module.getStarImports(),
                module.getStaticImports().values(),
                module.getStaticStarImports().values())
            .flatMap(Collection::stream)
            .map(Import::of)
            .toList();
    return own;
  }

  /** Adds them to {@code module}, which goes before them where both have a name. */
  synchronized void addTo(ModuleNode module) {
    Imports own = of(module);
    List<String> classes = module.getClasses().stream().map(ClassNode::getName).toList();
    known.stream()
        .filter(each -> each.alias == null || !own.has(each.alias, each.fixed))
        .filter(each -> each.fixed || !classes.contains(each.alias))
        .forEach(each -> each.addTo(module));
  }

  private boolean has(String alias, boolean fixed) {
    return known.stream().anyMatch(each -> each.isCalled(alias, fixed));
  }

  /** The lines that follow have those of {@code line} too, the later of two with one name. */
  synchronized void add(Imports line) {
    Set<Import> all = new LinkedHashSet<>(known);
    all.removeIf(each -> each.alias != null && line.has(each.alias, each.fixed));
    all.addAll(line.known);
    known = new ArrayList<>(all);
  }

  /** Something of that name was declared, and is meant from now on. */
  synchronized void forget(String name) {
    known = known.stream().filter(each -> !name.equals(each.alias)).toList();
  }

  /** The names of the classes that {@code name} may mean, the likeliest first. */
  synchronized Stream<String> classesCalled(String name) {
    Stream<String> named =
        known.stream().filter(each -> each.isCalled(name, false)).map(Import::type);
    Stream<String> below =
        known.stream()
            .filter(each -> !each.fixed && each.alias == null)
            .map(each -> each.type + name);
    Stream<String> usual =
        Stream.concat(GROOVYS.stream(), PACKAGES.stream()).map(prefix -> prefix + "." + name);
    return Stream.concat(Stream.concat(named, below).filter(Objects::nonNull), usual);
  }
}
