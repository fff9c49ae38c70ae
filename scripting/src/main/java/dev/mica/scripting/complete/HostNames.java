package dev.mica.scripting.complete;

import dev.mica.Mica;
import dev.mica.access.Caller;
import dev.mica.access.Reached;
import dev.mica.access.Role;
import dev.mica.commit.Commit;
import dev.mica.container.Vm;
import dev.mica.failure.MicaException;
import dev.mica.scripting.run.Candidate;
import dev.mica.scripting.run.Candidate.Group;
import dev.mica.session.Session;
import dev.mica.union.Union;
import dev.mica.user.User;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/** The names of the files, unions and commits of this host. */
public final class HostNames {
  private static final int MOST = 500;
  private static final Set<String> PATHS =
      Set.of("folder", "lower", "upper", "work", "at", "diff", "mount", "copyTo", "diffExact");
  private static final Set<String> COMMITS = Set.of("commit", "commits", "lower", "diff");

  private final Mica mica;

  /** Over the objects of {@code mica}. */
  public HostNames(Mica mica) {
    this.mica = mica;
  }

  /** What may stand in the string that {@code word} takes. */
  List<Candidate> at(String word, Token string) {
    String typed = string.text().replaceFirst("^('''|\"\"\"|['\"/]|[$]/)", "");
    int start = string.end() - typed.length();
    List<Candidate> found = new ArrayList<>();
    if (COMMITS.contains(word)) {
      commits(typed).forEach(ref -> found.add(value(start, ref, true)));
    }
    if (word.equals("union") || word.equals("unions")) {
      unions(typed).forEach(name -> found.add(value(start, name, true)));
    }
    if (word.equals("vm") || word.equals("vms")) {
      vms(typed).forEach(name -> found.add(value(start, name, true)));
    }
    if (word.equals("sessions")) {
      sessions(typed).forEach(id -> found.add(value(start, id, true)));
    }
    if (word.equals("users")) {
      users(typed).forEach(name -> found.add(value(start, name, true)));
    }
    if (PATHS.contains(word)) {
      paths(typed).forEach(path -> found.add(value(start, path, !path.endsWith("/"))));
    }
    return found;
  }

  private static Candidate value(int start, String value, boolean finished) {
    return new Candidate(start, value, "", Group.VALUES, finished);
  }

  /** The names of unions that begin so. */
  public List<String> unions(String prefix) {
    return begin(prefix, mica.unions().list().stream().map(Union::name));
  }

  /** The names of VMs that begin so. */
  public List<String> vms(String prefix) {
    return begin(prefix, mica.vms().list().stream().map(Vm::name));
  }

  /** The numbers of jobs that begin so. */
  public List<String> jobs(String prefix) {
    return begin(prefix, mica.jobs().list().stream().map(job -> Integer.toString(job.id())));
  }

  /** The numbers of sessions that begin so; none where no server runs. */
  public List<String> sessions(String prefix) {
    return begin(prefix, mica.sessions().list().stream().map(Session::id));
  }

  /** The names of users that begin so; none for who may not see them. */
  public List<String> users(String prefix) {
    return mica.caller().role() == Role.ADMIN
        ? begin(prefix, mica.users().list().stream().map(User::name))
        : List.of();
  }

  /** The references of commits that begin so. */
  public List<String> commits(String prefix) {
    Stream<String> refs = mica.commits().list().stream().map(Commit::refs).flatMap(List::stream);
    return begin(prefix, refs);
  }

  private static List<String> begin(String prefix, Stream<String> names) {
    return names.filter(name -> name.startsWith(prefix)).sorted().toList();
  }

  /** The paths that begin so, directories with a slash at their end; at most 500. */
  public List<String> paths(String typed) {
    if (typed.equals("~")) {
      return List.of("~/");
    }
    int slash = typed.lastIndexOf('/') + 1;
    String parent = typed.substring(0, slash);
    String prefix = typed.substring(slash);
    List<String> found = new ArrayList<>();
    Caller caller = mica.caller();
    LinkOption[] follow =
        caller.isUnbounded() ? new LinkOption[0] : new LinkOption[] {LinkOption.NOFOLLOW_LINKS};
    try (Reached folder = caller.reach(mica.folder(parent.isEmpty() ? "." : parent).path());
        DirectoryStream<Path> entries = Files.newDirectoryStream(folder.path())) {
      for (Path entry : entries) {
        String name = entry.getFileName().toString();
        boolean hidden = name.startsWith(".") && !prefix.startsWith(".");
        if (name.startsWith(prefix) && !hidden && found.size() < MOST) {
          found.add(parent + name + (Files.isDirectory(entry, follow) ? "/" : ""));
        }
      }
    } catch (IOException | MicaException | java.nio.file.DirectoryIteratorException none) {
      return List.of(); // a place that cannot be listed completes to nothing
    }
    found.sort(null);
    return found;
  }
}
