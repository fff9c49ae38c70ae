package dev.mica.user;

import dev.mica.access.Role;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;

/** Somebody who may log in over SSH. */
public final class User {
  private final Users users;
  private final UserRecord record;

  User(Users users, UserRecord record) {
    this.users = users;
    this.record = record;
  }

  /** What they log in as. */
  public String name() {
    return record.name();
  }

  /** What they may do. */
  public Role role() {
    return record.role();
  }

  /** The folders of this host that their words may lead to, unless they are an admin. */
  public List<Path> roots() {
    return record.roots();
  }

  /** The keys by which they are known. */
  public List<UserKey> keys() {
    return record.keys();
  }

  /** When they were added. */
  public Instant added() {
    return record.added();
  }

  /** They cannot log in any more; a session that they have goes on. */
  public void remove() {
    users.remove(name());
  }

  @Override
  public String toString() {
    return name();
  }
}
