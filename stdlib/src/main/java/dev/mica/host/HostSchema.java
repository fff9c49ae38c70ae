package dev.mica.host;

import dev.mica.schema.Descriptor;
import dev.mica.schema.Shape;

/** The machine. */
public final class HostSchema {
  /** A line of {@code mica doctor}. */
  public static final Descriptor<Check> CHECK =
      Descriptor.of(
          HostSchema.class,
          Check.class,
          Shape.<Check>of("checks")
              .essential("status", "string", Check::status)
              .essential("name", "string", Check::name)
              .column("detail", "string", Check::detail)
              .indispensable("fix", "string|null", Check::fix)
              .build());

  /** The machine. */
  public static final Descriptor<Host> HOST =
      Descriptor.of(
          HostSchema.class,
          Host.class,
          Shape.<Host>of("hosts")
              .essential("name", "string", Host::name)
              .column("kernel", "string", Host::kernel)
              .column("cpus", "number", Host::cpus)
              .column("memory", "number", Host::memory)
              .build());

  private HostSchema() {}
}
