package dev.mica.audit;

import dev.mica.schema.Descriptor;
import dev.mica.schema.Rows;
import dev.mica.schema.Shape;

/** The audit. */
public final class AuditSchema {
  /** The descriptor of a line. */
  public static final Descriptor<AuditLine> LINE =
      Descriptor.of(
          AuditSchema.class,
          AuditLine.class,
          Shape.<AuditLine>of("audit")
              .column("number", "number", AuditLine::number)
              .essential("time", "time", AuditLine::time)
              .essential("user", "string", AuditLine::user)
              .field("role", "string", AuditLine::role)
              .column("door", "string", AuditLine::door)
              .column("from", "string", AuditLine::from)
              .field("key", "string", AuditLine::key)
              .field("command", "string", AuditLine::command)
              .essential("what", "string", AuditLine::what)
              .essential("outcome", "string", AuditLine::outcome)
              .column("why", "string", AuditLine::why)
              .field("previous", "string", AuditLine::previous)
              .field("hash", "string", AuditLine::hash)
              .build());

  /** The descriptor of what a verification has found. */
  public static final Descriptor<AuditVerified> VERIFIED =
      Descriptor.of(
          AuditSchema.class,
          AuditVerified.class,
          Shape.<AuditVerified>of("verified")
              .essential("intact", "boolean", AuditVerified::intact)
              .column("first", "number", AuditVerified::first)
              .column("last", "number", AuditVerified::last)
              .column("hash", "string", AuditVerified::hash)
              .essential("problem", "string", AuditVerified::problem)
              .build());

  /** The descriptor of the audit of a host. */
  public static final Descriptor<Audit> AUDIT =
      Descriptor.of(AuditSchema.class, Audit.class, Rows.list(LINE, Audit::list));

  private AuditSchema() {}
}
