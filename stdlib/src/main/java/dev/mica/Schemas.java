package dev.mica;

import dev.mica.audit.AuditSchema;
import dev.mica.background.JobSchema;
import dev.mica.commit.CommitSchema;
import dev.mica.container.ContainerSchema;
import dev.mica.folder.FolderSchema;
import dev.mica.helper.HelperSchema;
import dev.mica.host.HostSchema;
import dev.mica.schema.Schema;
import dev.mica.session.SessionSchema;
import dev.mica.union.UnionSchema;
import dev.mica.user.UserSchema;
import dev.mica.vm.VmSchema;
import dev.mica.vm.stream.StreamSchema;

/** What there is to say of the types of Mica's objects. */
public final class Schemas {
  /** All of them: the one list, in the order of the help. */
  public static final Schema OBJECTS =
      Schema.of(
          FolderSchema.FOLDER,
          UnionSchema.UNION,
          UnionSchema.UNIONS,
          CommitSchema.COMMIT,
          CommitSchema.VERIFIED,
          CommitSchema.COMMITS,
          CommitSchema.CONFIG,
          CommitSchema.LOADED,
          CommitSchema.SAVED,
          CommitSchema.PUSHED,
          FolderSchema.DIFF,
          FolderSchema.SUMMARY,
          FolderSchema.CHANGE,
          FolderSchema.ENTRY,
          FolderSchema.NAME,
          HostSchema.CHECK,
          HostSchema.HOST,
          ContainerSchema.VM,
          ContainerSchema.PORT,
          ContainerSchema.SHARE,
          ContainerSchema.RAN,
          ContainerSchema.VMS,
          UserSchema.USER,
          UserSchema.KEY,
          UserSchema.USERS,
          AuditSchema.AUDIT,
          AuditSchema.LINE,
          AuditSchema.VERIFIED,
          JobSchema.JOBS,
          JobSchema.JOB,
          SessionSchema.SESSION,
          SessionSchema.SESSIONS,
          SessionSchema.WATCH,
          SessionSchema.RECORDING,
          HelperSchema.HELPER,
          StreamSchema.ATTACHABLE,
          StreamSchema.STREAM,
          StreamSchema.EXIT,
          VmSchema.CONSOLE,
          VmSchema.SHARE,
          VmSchema.PART);

  private Schemas() {}
}
