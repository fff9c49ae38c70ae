package dev.mica.vm.stream;

import dev.mica.schema.Descriptor;
import dev.mica.schema.Shape;

/** What people see of the streams of a process. */
public final class StreamSchema {
  /** A process that can be attached to. */
  public static final Descriptor<Attachable> ATTACHABLE =
      Descriptor.of(
          StreamSchema.class,
          Attachable.class,
          Shape.<Attachable>of("attachables")
              .essential("process", "string", process -> process.stream().toString())
              .column("input", "boolean", Attachable::input)
              .column("terminal", "boolean", Attachable::terminal)
              .column("stays", "boolean", Attachable::stays)
              .build());

  /** Its streams. */
  public static final Descriptor<ProcessStream> STREAM =
      Descriptor.of(
          StreamSchema.class,
          ProcessStream.class,
          Shape.<ProcessStream>of("streams")
              .essential("process", "string", ProcessStream::toString)
              .build());

  /** How it ended. */
  public static final Descriptor<ProcessStream.Exit> EXIT =
      Descriptor.of(
          StreamSchema.class,
          ProcessStream.Exit.class,
          Shape.<ProcessStream.Exit>of("exits")
              .essential("status", "number", ProcessStream.Exit::status)
              .column("signal", "number", ProcessStream.Exit::signal)
              .column("oom", "boolean", ProcessStream.Exit::oom)
              .build());

  private StreamSchema() {}
}
