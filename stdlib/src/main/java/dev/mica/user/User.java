package dev.mica.user;

import dev.mica.access.Role;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;

/** A user who may log in over SSH. */
public final class User {
  private final Users users;
  private final UserRecord record;

  User(Users users, UserRecord record) {
    this.users = users;
    this.record = record;
  }

  /** The name that the user logs in with. */
  public String name() {
    return record.name();
  }

  /** What the user may do. */
  public Role role() {
    return record.role();
  }

  /** The folders of this host that the user may name paths in; an admin may name all paths. */
  public List<Path> roots() {
    return record.roots();
  }

  /** The keys that the user can log in with. */
  public List<UserKey> keys() {
    return record.keys();
  }

  /** When the user was added. */
  public Instant added() {
    return record.added();
  }

  /** Whether what the user's terminals show is recorded. */
  public boolean recorded() {
    return record.recorded();
  }

  /** Removes the user, who cannot log in any more; a session that is open goes on. */
  public void remove() {
    users.remove(name());
  }

  @Override
  public String toString() {
    return name();
  }
}
