package dev.mica.access;

import dev.mica.failure.MicaException;
import dev.mica.text.PathBytes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Who asks, and what they mean by what they say. Every object of Mica is reached by a caller, who
 * is asked for a role before anything is changed: so a prompt, a script, a command and a door to
 * the outside cannot differ in what they permit.
 */
public final class Caller {
  private static final List<Path> ALL = List.of(Path.of("/"));

  /** Of the one who started this process, and may do what it can. */
  private static final class OfProcess {
    static final Caller CALLER =
        new Caller(
            System.getProperty("user.name"),
            Role.ADMIN,
            PathBytes.absolute(Path.of("")),
            System.getenv(),
            ALL,
            null,
            nothing -> {},
            new AtomicInteger());
  }

  private final String user;
  private final Role role;
  private final Path folder;
  private final Map<String, String> environment;
  private final List<Path> roots;
  private final @Nullable Door door;
  private final Witness witness;
  private final AtomicInteger plans;

  private Caller(
      String user,
      Role role,
      Path folder,
      Map<String, String> environment,
      List<Path> roots,
      @Nullable Door door,
      Witness witness,
      AtomicInteger plans) {
    this.user = user;
    this.role = role;
    this.folder = folder;
    this.environment = Map.copyOf(environment);
    this.roots = List.copyOf(roots);
    this.door = door;
    this.witness = witness;
    this.plans = plans;
  }

  /** The one who started this process: its user, working folder and variables, as an admin. */
  public static Caller ofProcess() {
    return OfProcess.CALLER;
  }

  /** Somebody else, whose words may lead anywhere on this host. */
  public static Caller of(String user, Role role, Path folder, Map<String, String> environment) {
    return of(user, role, folder, environment, ALL);
  }

  /**
   * Somebody else.
   *
   * @param user how messages call them
   * @param folder where their relative paths begin; absolute
   * @param environment their variables, of which {@code HOME} is what {@code ~} means
   * @param roots the folders of this host that the paths of a viewer or an operator may lead to;
   *     absolute and real. With none no path may
   */
  public static Caller of(
      String user, Role role, Path folder, Map<String, String> environment, List<Path> roots) {
    if (!folder.isAbsolute()) {
      throw MicaException.usage("have a caller work in", folder, "it is not absolute");
    }
    return new Caller(
        user, role, folder, environment, roots, null, nothing -> {}, new AtomicInteger());
  }

  /** The same, who has come in by {@code way}. */
  public Caller by(Door way) {
    return new Caller(user, role, folder, environment, roots, way, witness, plans);
  }

  /** The same; {@code observer} is told what they change, and what they are refused. */
  public Caller seenBy(Witness observer) {
    return new Caller(user, role, folder, environment, roots, door, observer, plans);
  }

  /** How they have come in; unless somebody has said so, they have started this process. */
  public Door door() {
    return door == null ? Door.local() : door;
  }

  Witness witness() {
    return witness;
  }

  /** Whether they have started this process, and work in its folder with its variables. */
  public boolean isOfProcess() {
    Caller process = ofProcess();
    return door == null && folder.equals(process.folder) && environment.equals(process.environment);
  }

  /** How they are called. */
  public String user() {
    return user;
  }

  /** Tells them from others, also from somebody of that name who has come in by another door. */
  public String identity() {
    return door().name() + ":" + user;
  }

  /** What they may do. */
  public Role role() {
    return role;
  }

  /** Where their relative paths begin. */
  public Path folder() {
    return folder;
  }

  /** Their variables. */
  public Map<String, String> environment() {
    return environment;
  }

  /**
   * Changes something by {@code body}: fails unless their role is {@code least} or a higher one,
   * and has it written down who has done what. Whatever changes anything goes through here.
   *
   * @param doing what they ask for, and {@code object} to what, as the message says it
   */
  public <T extends @Nullable Object> T change(
      Role least, String doing, Object object, Supplier<T> body) {
    require(least, doing, object);
    return Request.change(this, sentence(doing, object), body);
  }

  /** The same for what has no result. */
  public void run(Role least, String doing, Object object, Runnable body) {
    require(least, doing, object);
    Request.change(
        this,
        sentence(doing, object),
        () -> {
          body.run();
          return doing;
        });
  }

  /**
   * Runs {@code body}, a script of theirs. It can do what nobody else sees, so that it was run is
   * written down; but not of whoever has started this process, and needs no Mica for that.
   */
  public <T extends @Nullable Object> T script(String what, Supplier<T> body) {
    return door().isLocal() ? body.get() : Request.script(this, what, body);
  }

  private static String sentence(String doing, Object object) {
    String text = object instanceof Path path ? PathBytes.printable(path) : object.toString();
    return (doing + " " + text).strip();
  }

  /**
   * Fails unless they may do what wants the role {@code least}. For what only looks: a change goes
   * through {@link #change}.
   *
   * @param doing what they ask for, and {@code object} to what, as the message says it
   */
  public void require(Role least, String doing, Object object) {
    if (least != Role.VIEWER && plans.get() > 0) {
      throw MicaException.failed(doing, object, "this is in a plan, which changes nothing")
          .hint("do it outside of the plan");
    }
    if (role.compareTo(least) < 0) {
      MicaException refusal =
          MicaException.denied(
                  doing, object, user + " is " + word(role) + ", and that is for " + word(least))
              .hint("ask an admin");
      Request.refused(this, sentence(doing, object), refusal);
      throw refusal;
    }
  }

  /** Runs a block, in which everything that the caller asks to change is refused. */
  public void plan(Runnable block) {
    plans.incrementAndGet();
    try {
      block.run();
    } finally {
      plans.decrementAndGet();
    }
  }

  /**
   * Fails unless {@code path}, which they named, may lead where it does now: for an admin anywhere,
   * for others into one of their roots, symlinks followed. What is there may become a symlink
   * afterwards: whoever uses the path opens it by {@link #reach} then.
   *
   * @param path absolute
   */
  public void requireReach(Path path) {
    if (!isUnbounded()) {
      requireWithin(RealPath.of(path), path);
    }
  }

  /** The same of a path that the kernel has told of what is open: no symlink is followed. */
  public void requireWithin(Path real) {
    if (!isUnbounded()) {
      requireWithin(real, real);
    }
  }

  private void requireWithin(Path real, Path named) {
    if (roots.stream().noneMatch(real::startsWith)) {
      throw MicaException.denied("use", named, user + " " + extent()).hint("ask an admin");
    }
  }

  /**
   * Opens what {@code path} leads to. Of a caller with roots it is opened beneath one of these, so
   * that no symlink that somebody puts there at the same time leads out of them; it is refused if
   * it lies in none. For others the path is used as it is. The result must be closed.
   */
  public Reached reach(Path path) {
    return isUnbounded() ? Reached.asItIs(path) : new Reaching(this).open(path);
  }

  /** The same of a name in a folder, of which only the folder is opened. */
  public Reached reachName(Path path) {
    return isUnbounded() ? Reached.asItIs(path) : new Reaching(this).openName(path);
  }

  /** The same for what is to be made: a folder that is there is opened, of all else the name. */
  public Reached reachTarget(Path path) {
    Reached there = reach(path);
    if (there.isDirectory() || isUnbounded()) {
      return there;
    }
    there.close();
    return reachName(path);
  }

  /** The same for a folder that is to be there: it is made if it is not, with those above it. */
  public Reached reachMade(Path path) throws IOException {
    return isUnbounded()
        ? Reached.asItIs(Files.createDirectories(path))
        : new Reaching(this).make(path);
  }

  /**
   * Opens a folder that is recorded by its real path, because a union or commit was made of it: of
   * a caller with roots, who may have changed what is there, it is refused if a symlink is on the
   * way now. The result must be closed.
   */
  public Reached reachRecorded(Path real) {
    return isUnbounded() ? Reached.asItIs(real) : Reaching.openRecorded(real);
  }

  /** The folders of this host that are theirs. An admin may use others, too. */
  public List<Path> roots() {
    return roots;
  }

  /** Whether the paths that they name may lead anywhere. */
  public boolean isUnbounded() {
    return role == Role.ADMIN || roots.equals(ALL);
  }

  /** The first of their roots that a real path lies in. */
  Path rootOf(Path real, Path named) {
    requireWithin(real, named);
    return roots.stream().filter(real::startsWith).findFirst().orElseThrow();
  }

  private String extent() {
    return roots.isEmpty()
        ? "may use no folder of this host"
        : "may only use what is in "
            + roots.stream().map(PathBytes::printable).collect(Collectors.joining(", "));
  }

  private static String word(Role role) {
    return (role == Role.VIEWER ? "a " : "an ") + role.word();
  }
}
