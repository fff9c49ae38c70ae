package dev.mica.vm;

import dev.mica.schema.Descriptor;
import dev.mica.schema.Shape;
import dev.mica.vm.share.Share;

/** What people see of a machine. */
public final class VmSchema {
  /** Its console: what it says. */
  public static final Descriptor<Console> CONSOLE =
      Descriptor.of(
          VmSchema.class,
          Console.class,
          Shape.<Console>of("consoles").column("console", "string", Console::recent).build());

  /** A folder that it has. */
  public static final Descriptor<Share> SHARE =
      Descriptor.of(
          VmSchema.class,
          Share.class,
          Shape.<Share>of("shares")
              .column("tag", "string", Share::tag)
              .column("readOnly", "boolean", Share::readOnly)
              .column("pid", "number", Share::pid)
              .column("folder", "string", Share::folder)
              .build());

  /** What it is made of. */
  public static final Descriptor<Machine.Part> PART =
      Descriptor.of(
          VmSchema.class,
          Machine.Part.class,
          Shape.<Machine.Part>of("parts")
              .essential("name", "string", Machine.Part::name)
              .column("works", "boolean", Machine.Part::works)
              .column("fatal", "boolean", Machine.Part::fatal)
              .column("found", "string", Machine.Part::found)
              .column("fix", "string", Machine.Part::fix)
              .build());

  private VmSchema() {}
}
