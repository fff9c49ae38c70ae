package dev.mica.access;

import dev.mica.failure.MicaException;
import dev.mica.text.PathBytes;
import java.nio.file.Path;
import java.util.Map;

/**
 * Who asks, and what they mean by what they say. Every object of Mica is reached by a caller, who
 * is asked for a role before anything is changed: so a prompt, a script, a command and a door to
 * the outside cannot differ in what they permit.
 */
public final class Caller {
  /** Of the one who started this process, and may do what it can. */
  private static final class OfProcess {
    static final Caller CALLER =
        new Caller(
            System.getProperty("user.name"),
            Role.ADMIN,
            PathBytes.absolute(Path.of("")),
            System.getenv());
  }

  private final String user;
  private final Role role;
  private final Path folder;
  private final Map<String, String> environment;

  private Caller(String user, Role role, Path folder, Map<String, String> environment) {
    this.user = user;
    this.role = role;
    this.folder = folder;
    this.environment = Map.copyOf(environment);
  }

  /** The one who started this process: its user, working folder and variables, as an admin. */
  public static Caller ofProcess() {
    return OfProcess.CALLER;
  }

  /**
   * Somebody else.
   *
   * @param user how messages call them
   * @param folder where their relative paths begin; absolute
   * @param environment their variables, of which {@code HOME} is what {@code ~} means
   */
  public static Caller of(String user, Role role, Path folder, Map<String, String> environment) {
    if (!folder.isAbsolute()) {
      throw MicaException.usage("have a caller work in", folder, "it is not absolute");
    }
    return new Caller(user, role, folder, environment);
  }

  /** How they are called. */
  public String user() {
    return user;
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
   * Fails unless they may do what wants the role {@code least}.
   *
   * @param doing what they ask for, and {@code object} to what, as the message says it
   */
  public void require(Role least, String doing, Object object) {
    if (role.compareTo(least) < 0) {
      throw MicaException.denied(
              doing, object, user + " is " + word(role) + ", and that is for " + word(least))
          .hint("ask an admin");
    }
  }

  private static String word(Role role) {
    return switch (role) {
      case VIEWER -> "a viewer";
      case OPERATOR -> "an operator";
      case ADMIN -> "an admin";
    };
  }
}
