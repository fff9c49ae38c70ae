package dev.mica.shell.command;

import static dev.mica.shell.command.Parameter.argument;

import dev.mica.access.Role;
import dev.mica.container.Vm;
import dev.mica.folder.Folder;
import dev.mica.shell.command.Parameter.Kind;
import dev.mica.shell.print.Result;
import java.util.List;

/** {@code vm cp}: which of the two sides is in a VM is said by its name and a colon. */
final class VmCopy {
  private static final String STREAM = "-";

  private VmCopy() {}

  static Command command() {
    return new Command(
        List.of("vm", "cp"),
        List.of(
            argument("FROM", Kind.PATH, "a path, VM:/path, or - for a tar that is read"),
            argument("TO", Kind.PATH, "likewise; - writes a tar")),
        Role.OPERATOR,
        "copies a file or folder out of a VM that runs, or into it",
        "mica vm cp web:/etc/hosts /tmp/hosts",
        "vm('web').copyOut('/etc/hosts', folder('/tmp/hosts'))",
        "",
        VmCopy::run);
  }

  /** A path in a VM. A path of this host with a colon in it begins with a slash or a dot. */
  private record Inside(Vm vm, String path) {}

  private static boolean isInside(String text) {
    return text.indexOf(':') > 0 && text.charAt(0) != '/' && text.charAt(0) != '.';
  }

  private static Inside inside(Invocation in, String text) {
    int colon = text.indexOf(':');
    String path = text.substring(colon + 1);
    if (!path.startsWith("/")) {
      throw in.wrong("a path in a VM is absolute, as " + text.substring(0, colon) + ":/etc/hosts");
    }
    return new Inside(in.mica().vms().get(text.substring(0, colon)), path);
  }

  private static Result run(Invocation in) {
    String from = in.value("FROM");
    String to = in.value("TO");
    if (isInside(from) == isInside(to)) {
      throw in.wrong("one of the two is in a VM, as web:/etc/hosts, and the other is not");
    }
    return isInside(from) ? out(in, inside(in, from), to) : in(in, from, inside(in, to));
  }

  private static Result out(Invocation in, Inside source, String to) {
    if (to.equals(STREAM)) {
      return Result.Attached.to(source.vm().send(source.path()));
    }
    Folder _ = source.vm().copyOut(source.path(), in.mica().folder(to));
    return new Result.Done(0);
  }

  private static Result in(Invocation in, String from, Inside target) {
    if (from.equals(STREAM)) {
      return Result.Attached.to(target.vm().receive(target.path()));
    }
    Vm _ = target.vm().copyIn(in.mica().folder(from), target.path());
    return new Result.Done(0);
  }
}
