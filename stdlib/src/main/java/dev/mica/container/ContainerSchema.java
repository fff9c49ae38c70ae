package dev.mica.container;

import dev.mica.schema.Descriptor;
import dev.mica.schema.Rows;
import dev.mica.schema.Shape;
import java.util.List;

/** VMs with containers. */
public final class ContainerSchema {
  /** A VM. */
  public static final Descriptor<Vm> VM =
      Descriptor.of(
          ContainerSchema.class,
          Vm.class,
          Shape.<Vm>of("vms")
              .essential("name", "string", Vm::name)
              .essential("status", "string", Vm::status)
              .column("from", "string", Vm::from)
              .column("program", "[string]", Vm::program)
              .column("created", "time", Vm::created)
              .field("id", "string", Vm::id)
              .field("state", "string", Vm::state)
              .field("exitStatus", "number|null", vm -> vm.exitStatus().orElse(null))
              .field("restart", "string", Vm::restartPolicy)
              .field("restarts", "number", Vm::restarts)
              .field("user", "string", Vm::user)
              .field("workdir", "string", Vm::workdir)
              .field("memory", "number", Vm::memory)
              .field("processors", "number", Vm::processors)
              .field("net", "string", Vm::net)
              .field("ports", "[string]", vm -> vm.ports().stream().map(Port::toString).toList())
              .field(
                  "shares", "[string]", vm -> vm.shares().stream().map(VmShare::toString).toList())
              .field("labels", "[string]", ContainerSchema::labels)
              .field("pid", "number", Vm::pid)
              .build());

  /** A port that leads to one. */
  public static final Descriptor<Port> PORT =
      Descriptor.of(
          ContainerSchema.class,
          Port.class,
          Shape.<Port>of("ports")
              .essential("address", "string", Port::address)
              .essential("host", "number", Port::host)
              .essential("guest", "number", Port::guest)
              .column("protocol", "string", Port::protocol)
              .build(Shape.Alone.ROW));

  /** A folder of this host that one has too. */
  public static final Descriptor<VmShare> SHARE =
      Descriptor.of(
          ContainerSchema.class,
          VmShare.class,
          Shape.<VmShare>of("shares")
              .essential("folder", "string", share -> share.folder().location())
              .essential("at", "string", VmShare::at)
              .column("readOnly", "boolean", VmShare::readOnly)
              .build(Shape.Alone.ROW));

  /** What a program left that was run in one. */
  public static final Descriptor<Ran> RAN =
      Descriptor.of(
          ContainerSchema.class,
          Ran.class,
          Shape.<Ran>of("ran")
              .essential("status", "number", Ran::status)
              .column("output", "string", Ran::output)
              .column("errors", "string", Ran::errors)
              .build());

  /** All of a host. */
  public static final Descriptor<Vms> VMS =
      Descriptor.of(ContainerSchema.class, Vms.class, Rows.list(VM, Vms::list));

  private ContainerSchema() {}

  private static List<String> labels(Vm vm) {
    return vm.labels().entrySet().stream()
        .map(label -> label.getKey() + "=" + label.getValue())
        .sorted()
        .toList();
  }
}
