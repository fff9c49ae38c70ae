package dev.mica.user;

import dev.mica.access.Caller;
import dev.mica.access.Role;
import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import dev.mica.folder.Folder;
import dev.mica.state.LockedState;
import dev.mica.state.Records;
import dev.mica.state.StateDir;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The users who may log in over SSH. Only an admin can list or change them. */
public final class Users {
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,31}");

  private final Caller caller;
  private final StateDir state;
  private final Records records;

  /** The users of a state directory. */
  public Users(StateDir state) {
    this(Caller.ofProcess(), state);
  }

  /** The same as {@code caller} sees them. */
  public Users(Caller caller, Users same) {
    this(caller, same.state);
  }

  private Users(Caller caller, StateDir state) {
    this.caller = caller;
    this.state = state;
    this.records = state.records("users");
  }

  /**
   * Adds a user.
   *
   * @param keyFile a local file of public keys in OpenSSH's format, which may have options
   * @param roots folders that exist; a viewer or an operator may name only paths in these folders
   *     of this host
   */
  public User add(String name, Role role, String keyFile, List<String> roots) {
    return add(name, role, keyFile, roots, false);
  }

  /**
   * Adds a user.
   *
   * @param recorded whether what the user's terminals show is recorded
   */
  public User add(String name, Role role, String keyFile, List<String> roots, boolean recorded) {
    return caller.change(
        Role.ADMIN, "add the user", name, () -> added(name, role, keyFile, roots, recorded));
  }

  private User added(String name, Role role, String keyFile, List<String> roots, boolean recorded) {
    String doing = "add the user " + name;
    if (!NAME.matcher(name).matches()) {
      throw MicaException.usage(
              "name a user",
              name,
              "a name is 1 to 32 letters, digits, '.', '_' or '-', and begins with one of the first"
                  + " two")
          .hint("give another name");
    }
    List<UserKey> keys = new KeyFile(doing, Folder.of(caller, keyFile).path()).keys();
    List<Path> folders = roots.stream().map(root -> root(doing, root)).toList();
    try (LockedState _ = state.lock(doing, object(name))) {
      if (records.names().contains(name)) {
        throw MicaException.failed("add the user", name, "there is one of that name already")
            .hint("remove that one first, or give another name");
      }
      UserRecord user = new UserRecord(name, role, folders, keys, Instant.now(), recorded);
      records.put(name, user.toJson());
      return new User(this, user);
    }
  }

  private static String object(String name) {
    return "user " + name;
  }

  private Path root(String doing, String text) {
    Path path = Folder.of(caller, text).path();
    if (!Files.isDirectory(path)) {
      throw MicaException.usage(doing + " with the root", path, "it is no directory")
          .hint("make it first");
    }
    try {
      return path.toRealPath();
    } catch (IOException gone) {
      throw MicaException.failed(doing + " with the root", path, Why.of(gone)).because(gone);
    }
  }

  /** All users, by name. */
  public List<User> list() {
    return all().readable().stream()
        .map(record -> new User(this, record))
        .collect(Collectors.toCollection(ArrayList<User>::new));
  }

  /** Why each of the others cannot be listed and cannot log in: its record is damaged. */
  public List<MicaException> damaged() {
    return all().damaged();
  }

  private Records.Listing<UserRecord> all() {
    mayLook("all users");
    return state.read(() -> records.all(UserRecord::of));
  }

  private void mayLook(String whom) {
    caller.require(Role.ADMIN, "look at", whom);
  }

  /** The user of that name, if there is one; fails if the record is damaged. */
  public Optional<User> find(String name) {
    mayLook("the user " + name);
    return state
        .read(() -> records.find(name, UserRecord::of))
        .map(record -> new User(this, record));
  }

  /** The user of that name; fails, with the most similar name, if there is none. */
  public User get(String name) {
    return find(name).orElseThrow(() -> MicaException.unknown("user", name, records.names()));
  }

  /** Removes a user, even if the record is damaged; a session that is open goes on. */
  public void remove(String name) {
    caller.run(Role.ADMIN, "remove the user", name, () -> removeOne(name));
  }

  private void removeOne(String name) {
    try (LockedState _ = state.lock("remove the user " + name, object(name))) {
      if (!records.names().contains(name)) {
        throw MicaException.unknown("user", name, records.names());
      }
      records.remove(name);
    }
  }

  /**
   * The folder with the server's own files: its key, its lock, and the histories of the users. It
   * is made with mode 0700 if it does not exist.
   */
  public Path serverFolder() {
    caller.require(Role.ADMIN, "use", "the folder of the server");
    return state.makeDirectory("server");
  }

  /** Removes all users. Returns their names. */
  public List<String> removeAll() {
    return caller.change(
        Role.ADMIN,
        "remove",
        "all users",
        () -> {
          List<String> names = records.names();
          names.forEach(this::remove);
          return names;
        });
  }
}
