package dev.mica.scripting.words;

import dev.mica.access.Role;
import dev.mica.audit.Audit;
import dev.mica.audit.AuditLine;
import dev.mica.background.Job;
import dev.mica.background.Jobs;
import dev.mica.commit.Commit;
import dev.mica.commit.Commits;
import dev.mica.container.CommitSpec;
import dev.mica.container.Vm;
import dev.mica.container.Vms;
import dev.mica.failure.MicaException;
import dev.mica.folder.Diff;
import dev.mica.folder.Entry;
import dev.mica.folder.Folder;
import dev.mica.scripting.run.Context;
import dev.mica.session.Session;
import dev.mica.session.Sessions;
import dev.mica.union.Union;
import dev.mica.union.Unions;
import dev.mica.user.User;
import dev.mica.user.Users;
import groovy.lang.Closure;
import groovy.transform.stc.ClosureParams;
import groovy.transform.stc.SimpleType;
import java.lang.reflect.Method;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The extension methods by which Groovy adds members to Mica's objects and to numbers. */
public final class MicaExtensions {
  private static final int TREE_DEPTH = 3;

  private static final List<String> UNION_COMMIT = List.of("message", "squash");

  private static final List<String> USER = List.of("role", "key", "root", "record");

  private static final List<String> VM_COMMIT =
      List.of("message", "before", "after", "change", "squash");

  private MicaExtensions() {}

  /** {@code folder / 'etc/hosts'}. */
  public static Folder div(Folder self, String relative) {
    return self.resolve(relative);
  }

  /** {@code union / 'etc/hosts'}: below where it is mounted. */
  public static Folder div(Union self, String relative) {
    return self.at().resolve(relative);
  }

  /** {@code folder.text = '…'}. */
  public static void setText(Folder self, String text) {
    self.write(text);
  }

  /** A drawing of three levels. */
  public static String tree(Folder self) {
    return self.tree(TREE_DEPTH);
  }

  /** The entries at any depth for which the block is true. */
  public static List<Entry> find(
      Folder self,
      @ClosureParams(value = SimpleType.class, options = "dev.mica.folder.Entry")
          Closure<?> wanted) {
    return self.find(entry -> truth(wanted.call(entry)));
  }

  /** Copies it to a path. */
  public static Folder copyTo(Folder self, String path) {
    return self.copyTo(Context.current().mica().folder(path));
  }

  /** The changes that turn it into the folder at a path. */
  public static Diff diff(Folder self, String path) {
    return self.diff(Context.current().mica().folder(path));
  }

  /** Keeps what the union has changed, as {@code NAME:TAG}. */
  public static Commit commit(Union self, String ref) {
    return Context.current().mica().commits().create(self, ref, "");
  }

  /**
   * Keeps what the union has changed, with {@code message: '…'}; with {@code squash: true} it keeps
   * the whole tree as one layer.
   */
  public static Commit commit(Union self, Map<String, ?> options, String ref) {
    requireKnown("commit", self.name(), options, UNION_COMMIT);
    return Context.current()
        .mica()
        .commits()
        .create(self, ref, text(options, "message"), truth(options.get("squash")));
  }

  private static void requireKnown(
      String doing, String name, Map<String, ?> options, List<String> known) {
    for (String key : options.keySet()) {
      if (!known.contains(key)) {
        throw MicaException.usage(doing, name, "there is no option '" + key + "'")
            .hint("there are " + String.join(", ", known));
      }
    }
  }

  /**
   * Keeps what the VM's program has changed, with {@code message: '…'}. {@code before: '…'} and
   * {@code after: '…'} are run in the container by {@code /bin/sh}. {@code change: 'ENV LANG=C'}
   * changes the configuration of the commit, and {@code squash: true} makes one layer of the whole
   * tree.
   */
  public static Commit commit(Vm self, Map<String, ?> options, String ref) {
    requireKnown("commit", self.name(), options, VM_COMMIT);
    return self.commit(
        new CommitSpec(
            ref,
            text(options, "message"),
            text(options, "before"),
            text(options, "after"),
            lines(options.get("change")),
            truth(options.get("squash"))));
  }

  /** One line, or a list of them. */
  private static List<String> lines(@Nullable Object given) {
    if (given == null) {
      return List.of();
    }
    return given instanceof Collection<?> all
        ? all.stream().map(String::valueOf).toList()
        : List.of(given.toString());
  }

  private static String text(Map<String, ?> options, String key) {
    Object value = options.get(key);
    return value == null ? "" : value.toString();
  }

  /** Mounts the commit read-only. */
  public static Union mount(Commit self, Folder at) {
    return self.mount(at.location());
  }

  /** {@code unions['u']}. */
  public static Union getAt(Unions self, String name) {
    return self.get(name);
  }

  /** {@code vms['web']}. */
  public static Vm getAt(Vms self, String name) {
    return self.get(name);
  }

  /** {@code for (vm in vms)}. */
  public static Iterator<Vm> iterator(Vms self) {
    return self.list().iterator();
  }

  /** {@code commits['web:v2']}. */
  public static Commit getAt(Commits self, String refOrId) {
    return self.get(refOrId);
  }

  /** {@code for (u in unions)}. */
  public static Iterator<Union> iterator(Unions self) {
    return self.list().iterator();
  }

  /** {@code for (c in commits)}. */
  public static Iterator<Commit> iterator(Commits self) {
    return self.list().iterator();
  }

  /** {@code for (entry in folder)}. */
  public static Iterator<Entry> iterator(Folder self) {
    return self.list().iterator();
  }

  /**
   * {@code users.add('ann', role: 'operator', key: 'ann.pub', root: '/srv')}; {@code root} may be a
   * list.
   */
  public static User add(Users self, Map<String, ?> options, String name) {
    requireKnown("add the user", name, options, USER);
    String role = text(options, "role");
    Role known =
        Stream.of(Role.values())
            .filter(each -> each.name().toLowerCase(Locale.ROOT).equals(role))
            .findFirst()
            .orElseThrow(() ->
                MicaException.usage("add the user", name, "there is no role '" + role + "'")
                    .hint("say role: 'viewer', 'operator' or 'admin'"));
    if (!options.containsKey("key")) {
      throw MicaException.usage("add the user", name, "it has no key").hint("say key: 'FILE'");
    }
    return self.add(
        name,
        known,
        text(options, "key"),
        lines(options.get("root")),
        Boolean.TRUE.equals(options.get("record")));
  }

  /** {@code users['ann']}. */
  public static User getAt(Users self, String name) {
    return self.get(name);
  }

  /** {@code for (user in users)}. */
  public static Iterator<User> iterator(Users self) {
    return self.list().iterator();
  }

  /** {@code jobs[3]}. */
  public static Job getAt(Jobs self, int id) {
    return self.get(id);
  }

  /** {@code for (job in jobs)}. */
  public static Iterator<Job> iterator(Jobs self) {
    return self.list().iterator();
  }

  /** {@code sessions['3']}. */
  public static Session getAt(Sessions self, String id) {
    return self.get(id);
  }

  /** {@code for (session in sessions)}. */
  public static Iterator<Session> iterator(Sessions self) {
    return self.list().iterator();
  }

  /** {@code for (line in audit)}. */
  public static Iterator<AuditLine> iterator(Audit self) {
    return self.list().iterator();
  }

  /** {@code if (diff)}: whether anything differs. */
  public static boolean asBoolean(Diff self) {
    return !self.isEmpty();
  }

  /** Bytes. */
  public static long getKB(Number self) {
    return Math.multiplyExact(self.longValue(), 1L << 10);
  }

  /** Bytes. */
  public static long getMB(Number self) {
    return Math.multiplyExact(self.longValue(), 1L << 20);
  }

  /** Bytes. */
  public static long getGB(Number self) {
    return Math.multiplyExact(self.longValue(), 1L << 30);
  }

  /** A length of time. */
  public static Duration getMillis(Number self) {
    return Duration.ofMillis(self.longValue());
  }

  /** A length of time. */
  public static Duration getSeconds(Number self) {
    return Duration.ofSeconds(self.longValue());
  }

  /** A length of time. */
  public static Duration getMinutes(Number self) {
    return Duration.ofMinutes(self.longValue());
  }

  /** A length of time. */
  public static Duration getHours(Number self) {
    return Duration.ofHours(self.longValue());
  }

  /** The method above that added iteration to {@code type}; null if there is none. */
  public static @Nullable Method iteratorOf(Class<?> type) {
    return Arrays.stream(MicaExtensions.class.getMethods())
        .filter(method -> method.getName().equals("iterator"))
        .filter(method -> method.getParameterTypes()[0].isAssignableFrom(type))
        .findFirst()
        .orElse(null);
  }

  private static boolean truth(@Nullable Object value) {
    return org.codehaus.groovy.runtime.typehandling.DefaultTypeTransformation.castToBoolean(value);
  }
}
