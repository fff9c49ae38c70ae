package dev.mica.folder;

import dev.mica.access.Caller;
import dev.mica.failure.MicaException;
import dev.mica.job.Activity;
import dev.mica.remote.RemoteStatus;
import dev.mica.remote.SftpClient;
import dev.mica.remote.SshHost;
import dev.mica.remote.SshProgram;
import dev.mica.text.PathBytes;
import dev.mica.text.Printable;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A file or folder of another host, as its SFTP server shows it. Each call connects anew, so that
 * nothing stays open; who makes many sets {@code ControlMaster} in the configuration of {@code
 * ssh}.
 *
 * @param caller the caller who has it
 * @param host where it is
 * @param home whether {@code inside} begins where the server begins, which is the user's home
 * @param inside absolute, without {@code .} and {@code ..}
 */
record SftpFolder(Caller caller, SshHost host, boolean home, Path inside) implements ForeignFolder {
  static final String SCHEME = "sftp";

  private static final Pattern PARTS =
      Pattern.compile("sftp://" + SshHost.PATTERN + "(?<path>/.*)?", Pattern.DOTALL);
  private static final String FORM = "write sftp://[USER@]HOST[:PORT]/PATH, or /~/PATH";
  private static final String HOME = "/~";
  private static final Path ROOT = Path.of("/");

  /** What is asked over a connection. */
  @FunctionalInterface
  interface Question<T> {
    T of(SftpClient client) throws IOException;
  }

  private record SftpThere() implements SshProgram.Errand {
    @Override
    public List<String> words() {
      return List.of("sftp");
    }

    @Override
    public boolean isSubsystem() {
      return true;
    }

    @Override
    public String hint() {
      return "try sftp to that host by hand: it may say more";
    }
  }

  /** The place that {@code uri} names; nobody is asked. */
  static SftpFolder of(Caller caller, String uri) {
    SshHost.refusePassword(uri, FORM);
    Matcher parts = PARTS.matcher(uri.replaceFirst("^[A-Za-z]+", SCHEME));
    if (!parts.matches()) {
      throw MicaException.usage("open", uri, "it names no place of another host").hint(FORM);
    }
    String text = parts.group("path") == null ? HOME : parts.group("path");
    boolean home = text.equals(HOME) || text.startsWith(HOME + "/");
    String below = (home ? text.substring(HOME.length()) : text).replaceFirst("^/+", "");
    Path inside = PathBytes.resolve(ROOT, Percent.decode(uri, below));
    if (home && Stream.of(inside.toString().split("/", -1)).anyMatch(".."::equals)) {
      throw MicaException.usage("open", uri, "it leads out of the home directory").hint(FORM);
    }
    return new SftpFolder(caller, SshHost.of(parts, uri, FORM), home, inside.normalize());
  }

  @Override
  public String location() {
    String text = Percent.encode(PathBytes.asItIs(inside));
    return SCHEME + "://" + host + (home ? HOME : "") + (home && isTop() ? "" : text);
  }

  private boolean isTop() {
    return inside.getNameCount() == 0;
  }

  @Override
  public String name() {
    return isTop() ? host.host() : Printable.of(PathBytes.ofName(inside));
  }

  @Override
  public SftpFolder resolve(String relative) {
    Path below = inside.resolve(PathOrUri.below(relative, location())).normalize();
    return new SftpFolder(caller, host, home, below);
  }

  @Override
  public boolean exists() {
    return ask(
        "look at",
        client -> {
          try {
            client.linkStatus(bytes());
            return true;
          } catch (NoSuchFileException nothing) {
            return false;
          }
        });
  }

  @Override
  public boolean isDirectory() {
    return ask(
        "look at",
        client -> {
          try {
            return client.linkStatus(bytes()).type() == RemoteStatus.DIRECTORY;
          } catch (NoSuchFileException nothing) {
            return false;
          }
        });
  }

  @Override
  public List<Entry> list() {
    return ask(
        "list",
        client -> {
          requireDirectory(client);
          return list(client, bytes());
        });
  }

  @Override
  public List<Entry> find(Predicate<Entry> wanted) {
    List<Entry> found =
        ask(
            "search",
            client -> {
              requireDirectory(client);
              return below(client, Integer.MAX_VALUE);
            });
    found.removeIf(wanted.negate());
    return found;
  }

  @Override
  public String tree(int depth) {
    Drawing drawing = new Drawing(location());
    List<Entry> all =
        ask(
            "draw",
            client ->
                client.status(bytes()).type() == RemoteStatus.DIRECTORY
                    ? below(client, depth)
                    : List.of());
    all.forEach(entry -> drawing.add(entry.path(), "", entry.type() == Type.DIRECTORY ? "/" : ""));
    return drawing.toString();
  }

  @Override
  public String text() {
    byte[] all =
        ask(
            "read",
            client -> {
              try (var in = client.read(bytes())) {
                return in.readAllBytes();
              } catch (OutOfMemoryError e) {
                throw MicaException.failed("read", this, "it is too big for one text").because(e);
              }
            });
    return LocalText.decode(location(), all);
  }

  @Override
  public String whyReadOnly() {
    return "over SFTP folders are read, and copied as a whole";
  }

  @Override
  public void copyHere(Path target) {
    Download.of(this, target);
  }

  @Override
  public String toString() {
    return location();
  }

  /** Its path as the server takes it. */
  byte[] bytes() {
    return bytes(inside);
  }

  /** The path of what is below it. */
  byte[] bytes(Name below) {
    return below.equals(Name.ROOT) ? bytes() : bytes(PathBytes.resolve(inside, below.bytes()));
  }

  /** The path on the other host of what is {@code path} as {@link #inside} is. */
  byte[] bytes(Path path) {
    byte[] absolute = PathBytes.asItIs(path);
    if (!home) {
      return absolute;
    }
    return absolute.length == 1
        ? new byte[] {'.'}
        : Arrays.copyOfRange(absolute, 1, absolute.length);
  }

  /** Connects, asks and leaves. */
  <T> T ask(String doing, Question<T> question) {
    try (SshProgram ssh = SshProgram.start(caller, doing, host, this, new SftpThere());
        Activity activity = Activity.begin(doing + " " + this, OptionalLong.empty(), ssh.work())) {
      try (SftpClient client = SftpClient.open(ssh.in(), ssh.out())) {
        return question.of(client);
      } catch (FileSystemException refused) {
        throw Failures.of(doing, location(), PathBytes.printable(inside), refused);
      } catch (IOException broken) {
        activity.check();
        throw ssh.explained(
            doing,
            MicaException.failed(doing, this, String.valueOf(broken.getMessage())).because(broken));
      }
    }
  }

  private void requireDirectory(SftpClient client) throws IOException {
    if (client.status(bytes()).type() != RemoteStatus.DIRECTORY) {
      throw new NotDirectoryException(PathBytes.printable(inside));
    }
  }

  /** What is directly in {@code directory}, by name. */
  static List<Entry> list(SftpClient client, byte[] directory) throws IOException {
    List<Entry> entries = new ArrayList<>();
    for (SftpClient.Entry each : client.list(directory)) {
      entries.add(entry(Name.of(each.name()), each.status()));
    }
    entries.sort(Comparator.comparing(Entry::path));
    return entries;
  }

  static Entry entry(Name path, RemoteStatus status) {
    Entry entry = new Stat(status.type(), status.size(), status.modified()).entry(path);
    int mode = status.mode() < 0 ? -1 : status.mode() & 07777;
    return new Entry(path, entry.type(), entry.size(), mode, entry.modified());
  }

  /** Depth first, by name, without recursion: how deep it is the other host decides. */
  private List<Entry> below(SftpClient client, int depth) throws IOException {
    List<Entry> found = new ArrayList<>();
    Deque<Entry> left = new ArrayDeque<>();
    push(left, list(client, bytes()), Name.ROOT);
    while (!left.isEmpty()) {
      Entry entry = left.pop();
      found.add(entry);
      if (entry.type() == Type.DIRECTORY && entry.path().depth() + 1 < depth) {
        push(left, list(client, bytes(entry.path())), entry.path());
      }
    }
    return found;
  }

  private static void push(Deque<Entry> left, List<Entry> entries, Name above) {
    entries.reversed().forEach(entry -> left.push(below(entry, above)));
  }

  /** An entry of the directory {@code above}. */
  static Entry below(Entry entry, Name above) {
    return new Entry(
        entry.path().below(above), entry.type(), entry.size(), entry.mode(), entry.modified());
  }
}
