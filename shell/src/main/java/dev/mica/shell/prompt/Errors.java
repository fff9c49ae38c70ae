package dev.mica.shell.prompt;

import dev.mica.failure.MicaException;
import dev.mica.scripting.run.Cancelled;
import dev.mica.scripting.run.ScriptException;
import dev.mica.shell.attach.OutputClosed;
import dev.mica.shell.command.CommandLineException;
import dev.mica.shell.print.Cells;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.concurrent.CancellationException;
import org.jspecify.annotations.Nullable;

/** Says in one line what went wrong, and keeps the rest for {@code :trace}. */
public final class Errors {
  private final PrintStream err;
  private final String prefix;
  private @Nullable Throwable last;

  public Errors(PrintStream err, String prefix) {
    this.err = err;
    this.prefix = prefix;
  }

  /** Prints the line; returns the exit status that fits. */
  public int report(Throwable failure) {
    last = failure;
    switch (failure) {
      case OutputClosed closed -> {
        return 0;
      }
      case Cancelled cancelled -> print("cancelled");
      case CancellationException cancelled -> print("cancelled");
      case CommandLineException wrong -> {
        print(wrong.getMessage());
        wrong.choices().forEach(err::println);
      }
      case MicaException known -> print(known.getMessage());
      case ScriptException script -> {
        print(script.getMessage());
        script.excerpt().forEach(line -> err.println(line(line)));
      }
      default -> print(internal(failure));
    }
    return status(failure);
  }

  private static int status(Throwable failure) {
    return switch (failure) {
      case CommandLineException wrong -> 2;
      case MicaException known -> known.exitStatus();
      case ScriptException script -> script.exitStatus();
      default -> 1;
    };
  }

  private static String internal(Throwable failure) {
    String message = failure.getMessage();
    return "internal error: "
        + failure.getClass().getSimpleName()
        + (message == null ? "" : ": " + message);
  }

  private void print(@Nullable String message) {
    err.println(prefix + Cells.printable(String.valueOf(message)));
    err.flush();
  }

  /** A line of a source or of a stack, with its tabs. */
  private static String line(String text) {
    return Cells.printable(text.replace("\t", "    "));
  }

  /** There is no failure to trace any more. */
  void forget() {
    last = null;
  }

  /** Prints the stack of the last failure. */
  public void trace() {
    if (last == null) {
      err.println("nothing has failed");
    } else {
      Throwable cause = last.getCause();
      StringWriter stack = new StringWriter();
      (last instanceof ScriptException && cause != null ? cause : last)
          .printStackTrace(new PrintWriter(stack));
      stack.toString().lines().forEach(line -> err.println(line(line)));
    }
    err.flush();
  }
}
