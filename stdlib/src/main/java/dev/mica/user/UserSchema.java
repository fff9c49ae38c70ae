package dev.mica.user;

import dev.mica.schema.Descriptor;
import dev.mica.schema.Rows;
import dev.mica.schema.Shape;
import java.util.List;

/** Users of the SSH server. */
public final class UserSchema {
  /** The descriptor of a user. */
  public static final Descriptor<User> USER =
      Descriptor.of(
          UserSchema.class,
          User.class,
          Shape.<User>of("users")
              .essential("name", "string", User::name)
              .essential("role", "string", User::role)
              .column("keys", "[string]", UserSchema::keys)
              .column("roots", "[string]", User::roots)
              .field("added", "time", User::added)
              .field("recorded", "boolean", User::recorded)
              .build());

  /** The descriptor of a user's public key. */
  public static final Descriptor<UserKey> KEY =
      Descriptor.of(
          UserSchema.class,
          UserKey.class,
          Shape.<UserKey>of("keys")
              .essential("type", "string", UserKey::type)
              .essential("fingerprint", "string", UserKey::fingerprint)
              .column("comment", "string", UserKey::comment)
              .column("options", "string", UserKey::options)
              .build());

  /** The descriptor of all users of a host. */
  public static final Descriptor<Users> USERS =
      Descriptor.of(UserSchema.class, Users.class, Rows.list(USER, Users::list));

  private UserSchema() {}

  private static List<String> keys(User user) {
    return user.keys().stream().map(UserKey::toString).toList();
  }
}
