package dev.mica.session;

import dev.mica.schema.Descriptor;
import dev.mica.schema.Rows;
import dev.mica.schema.Shape;

/** The sessions of the SSH server. */
public final class SessionSchema {
  /** The descriptor of a session. */
  public static final Descriptor<Session> SESSION =
      Descriptor.of(
          SessionSchema.class,
          Session.class,
          Shape.<Session>of("sessions")
              .essential("id", "string", Session::id)
              .essential("user", "string", Session::user)
              .field("role", "string", Session::role)
              .column("from", "string", Session::from)
              .column("since", "time", Session::since)
              .essential("kind", "string", Session::kind)
              .essential("running", "string", Session::running)
              .column("size", "string", Session::size)
              .column("idle", "number", Session::idle)
              .field("key", "string", Session::key)
              .field("shared", "boolean", Session::shared)
              .field("watches", "number", Session::watches)
              .field("recorded", "boolean", Session::recorded)
              .build());

  /** The descriptor of a watch. */
  public static final Descriptor<Watch> WATCH =
      Descriptor.of(
          SessionSchema.class,
          Watch.class,
          Shape.<Watch>of("watches")
              .column("session", "string", Watch::session)
              .column("columns", "number", Watch::columns)
              .column("rows", "number", Watch::rows)
              .build());

  /** The descriptor of a recording. */
  public static final Descriptor<Recording> RECORDING =
      Descriptor.of(
          SessionSchema.class,
          Recording.class,
          Shape.<Recording>of("recordings")
              .essential("file", "string", Recording::file)
              .column("user", "string", Recording::user)
              .column("began", "time", Recording::began)
              .column("size", "number", Recording::size)
              .build());

  /** The descriptor of all sessions that a caller sees. */
  public static final Descriptor<Sessions> SESSIONS =
      Descriptor.of(SessionSchema.class, Sessions.class, Rows.list(SESSION, Sessions::list));

  private SessionSchema() {}
}
