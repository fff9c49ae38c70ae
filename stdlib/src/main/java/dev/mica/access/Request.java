package dev.mica.access;

import dev.mica.failure.MicaException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What counts as one {@link Deed}: a command, or outside of commands one change of one object. What
 * is asked for inside, on the same thread, is a part of it. This decides only what is written down,
 * and never what is permitted.
 */
public final class Request {
  private static final ScopedValue<Request> CURRENT = ScopedValue.newInstance();

  /** Inside of a change: what it needs of other objects is not told. */
  private static final Request CHANGE = new Request("");

  /** Inside of a script: each change is a deed of its own. */
  private static final Request SCRIPT = new Request("");

  /** More than these are counted only. */
  private static final int MOST_TOLD = 8;

  private final String command;
  private final List<String> asked = new ArrayList<>();
  private @Nullable Caller caller;

  private Request(String command) {
    this.command = command;
  }

  /**
   * Runs {@code body}, which is what a command does. If it changes an object or is refused, it is
   * one deed.
   *
   * @param changes whether it is a deed even if it fails before that
   * @param caller whose command it is; asked for only when needed
   */
  public static <T extends @Nullable Object> T command(
      String command, boolean changes, Supplier<Caller> caller, Supplier<T> body) {
    Request request = new Request(command);
    T result;
    try {
      result = ScopedValue.where(CURRENT, request).call(body::get);
    } catch (RuntimeException | Error failure) {
      request.failed(failure, changes, caller);
      throw failure;
    }
    if (changes || request.isAsked()) {
      request.tell(caller, null);
    }
    return result;
  }

  private synchronized boolean isAsked() {
    return caller != null;
  }

  private void failed(Throwable failure, boolean changes, Supplier<Caller> caller) {
    if (changes || isAsked() || Deed.Outcome.of(failure) == Deed.Outcome.REFUSED) {
      try {
        tell(caller, failure);
      } catch (MicaException unknown) {
        failure.addSuppressed(unknown);
      }
    }
  }

  private synchronized void tell(Supplier<Caller> otherwise, @Nullable Throwable failure) {
    Caller by = caller == null ? otherwise.get() : caller;
    by.witness().saw(Deed.of(by, command, what(), failure));
  }

  private String what() {
    if (asked.isEmpty()) {
      return "use the command " + command;
    }
    List<String> told = asked.stream().distinct().limit(MOST_TOLD).toList();
    long more = asked.stream().distinct().count() - told.size();
    return String.join("; ", told) + (more > 0 ? "; and " + more + " more" : "");
  }

  private synchronized void ask(Caller by, String what) {
    caller = by;
    asked.add(what);
  }

  /** Runs {@code body}, which is the change {@code what}. */
  static <T extends @Nullable Object> T change(Caller by, String what, Supplier<T> body) {
    Request current = current();
    if (current == CHANGE) {
      return body.get();
    }
    if (current != SCRIPT) {
      current.ask(by, what);
      return ScopedValue.where(CURRENT, CHANGE).call(body::get);
    }
    return alone(by, what, CHANGE, body);
  }

  /** Runs {@code body}, which is a script: a deed, as is each change in it. */
  static <T extends @Nullable Object> T script(Caller by, String what, Supplier<T> body) {
    return alone(by, what, SCRIPT, body);
  }

  private static <T extends @Nullable Object> T alone(
      Caller by, String what, Request inside, Supplier<T> body) {
    T result;
    try {
      result = ScopedValue.where(CURRENT, inside).call(body::get);
    } catch (RuntimeException | Error failure) {
      by.witness().saw(Deed.of(by, "", what, failure));
      throw failure;
    }
    by.witness().saw(Deed.of(by, "", what, null));
    return result;
  }

  /** The caller was refused {@code what}; the failure is about to be thrown. */
  static void refused(Caller by, String what, MicaException refusal) {
    Request current = current();
    if (current == SCRIPT) {
      by.witness().saw(Deed.of(by, "", what, refusal));
    } else if (current != CHANGE) {
      current.ask(by, what);
    }
  }

  private static Request current() {
    return CURRENT.isBound() ? CURRENT.get() : SCRIPT;
  }
}
