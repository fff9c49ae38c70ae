package dev.mica.shell.print;

import dev.mica.container.LogQuery;
import dev.mica.container.Vm;
import dev.mica.schema.Shape;
import dev.mica.session.Watch;
import dev.mica.shell.attach.Attachment;
import dev.mica.shell.attach.ConsoleAttachment;
import dev.mica.shell.attach.LogAttachment;
import dev.mica.shell.attach.ProcessAttachment;
import dev.mica.shell.attach.WatchAttachment;
import dev.mica.vm.Console;
import dev.mica.vm.stream.Attachable;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What a command has to print. */
public sealed interface Result {
  /** Several of a kind, streaming. */
  record Rows<T>(Shape<T> shape, Stream<T> rows) implements Result {}

  /** One of a kind. */
  record One<T>(Shape<T> shape, T value) implements Result {}

  /** Several of a kind for programs, a drawing of them for people. */
  record Drawing<T>(Shape<T> shape, Stream<T> rows, Supplier<String> picture) implements Result {}

  /** A value of the language: for programs as it is, for people {@code shown}. */
  record Value(@Nullable Object value, Result shown) implements Result {}

  /**
   * Something to attach, whose exit status is the command's; for programs, what a console said is
   * the only member of the JSON object.
   */
  record Attached(Attachment what, Runnable afterwards) implements Result {
    /** A console. */
    public static Attached to(Console console) {
      return new Attached(new ConsoleAttachment(console), () -> {});
    }

    /** What the program of a VM said. */
    public static Attached to(Vm vm, LogQuery query) {
      return new Attached(new LogAttachment(vm, query, new AtomicBoolean()), () -> {});
    }

    /** What another session shows. */
    public static Attached to(Watch watch) {
      return new Attached(WatchAttachment.of(watch), () -> {});
    }

    /** A process. */
    public static Attached to(Attachable process) {
      return to(process, () -> {});
    }

    /** The same; something is to be done when it has ended, or was left. */
    public static Attached to(Attachable process, Runnable afterwards) {
      return new Attached(new ProcessAttachment(process), afterwards);
    }
  }

  /** What it has to say is printed already; how it ended, as an exit status. */
  record Done(int status) implements Result {}

  /** Text for people, which is also the only member of the JSON object. */
  record Text(String key, String text) implements Result {}

  /** The same, whose lines may be broken between words. */
  record Help(String text) implements Result {}
}
