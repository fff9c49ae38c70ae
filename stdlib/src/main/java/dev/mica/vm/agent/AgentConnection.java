package dev.mica.vm.agent;

import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import dev.mica.vm.process.LineSocket;
import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The agent's protocol over its socket. */
public final class AgentConnection implements Agent {
  private static final int VERSION = 1;
  private static final int SEED = 64;
  private static final Duration QUICK = Duration.ofSeconds(10);
  private static final Duration LONG = Duration.ofSeconds(60);
  private static final Duration CAPTURE = Duration.ofHours(1);

  /** The agent answers a call that it ended half a second after its limit. */
  private static final Duration GRACE = Duration.ofSeconds(3);

  /** Of a file; encoded, each of its bytes may become three, and a line has at most 65,536. */
  private static final int PART = 20_000;

  private static final SecureRandom RANDOM = new SecureRandom();

  private final LineSocket socket;
  private final Path path;
  // No client before us used these: late answers to them are not ours.
  private final String session = Long.toString(RANDOM.nextLong() >>> 1, Character.MAX_RADIX);
  private int requests;

  /** The ids of requests whose answers nobody has had yet. */
  private final Set<String> asked = new HashSet<>();

  /** Those of them that came while another was waited for. */
  private final Map<String, AgentLine> early = new HashMap<>();

  private final Hello hello;

  private AgentConnection(LineSocket socket, Path path, Duration limit) throws IOException {
    this.socket = socket;
    this.path = path;
    socket.send("", LineSocket.in(limit));
    this.hello = greet(limit);
  }

  /** Connects and greets, which a guest that still boots answers when it has. */
  public static AgentConnection connect(Path path, Duration limit) {
    LineSocket socket = null;
    boolean done = false;
    try {
      socket = LineSocket.connect(path);
      AgentConnection connection = new AgentConnection(socket, path, limit);
      done = true;
      return connection;
    } catch (IOException broken) {
      throw silent(path, broken);
    } finally {
      if (!done && socket != null) {
        socket.close();
      }
    }
  }

  private static MicaException silent(Path path, IOException broken) {
    return MicaException.failed("talk to the guest's agent at", path, Why.of(broken))
        .because(broken);
  }

  private Hello greet(Duration limit) {
    Instant now = Instant.now();
    byte[] seed = new byte[SEED];
    RANDOM.nextBytes(seed);
    Map<String, String> answer =
        call(
            "hello",
            limit,
            Map.of(
                "version",
                Integer.toString(VERSION),
                "time",
                Long.toString(TimeUnit.SECONDS.toNanos(now.getEpochSecond()) + now.getNano()),
                "seed",
                HexFormat.of().formatHex(seed)));
    return new Hello(
        Integer.parseInt(fact(answer, "version")),
        fact(answer, "agent"),
        fact(answer, "kernel"),
        Duration.ofNanos(Long.parseLong(fact(answer, "uptime"))));
  }

  private String fact(Map<String, String> answer, String key) {
    String value = answer.get(key);
    if (value == null) {
      throw MicaException.failed("understand the guest's agent at", path, "it tells no " + key);
    }
    return value;
  }

  @Override
  public Hello hello() {
    return hello;
  }

  @Override
  public Answer<Probe> mountShare(String tag, String name, boolean readOnly) {
    Map<String, String> words =
        new TreeMap<>(Map.of("tag", AgentLine.encode(tag), "name", AgentLine.encode(name)));
    if (readOnly) {
      words.put("ro", "1");
    }
    return mountShare(words);
  }

  @Override
  public Answer<Probe> mountShare(String tag, String name, Set<String> asked) {
    return mountShare(
        Map.of(
            "tag",
            AgentLine.encode(tag),
            "name",
            AgentLine.encode(name),
            "probe",
            String.join(",", new TreeSet<>(asked))));
  }

  @Override
  public Answer<Boolean> mountVolume(String tag, String name) {
    Request request =
        ask(
            "mount-share",
            LONG,
            Map.of("tag", AgentLine.encode(tag), "name", AgentLine.encode(name), "probe", "0"));
    return () -> answer(request).isEmpty();
  }

  private Answer<Probe> mountShare(Map<String, String> words) {
    Request request = ask("mount-share", LONG, words);
    return () -> probe(answer(request));
  }

  private Probe probe(Map<String, String> answer) {
    Set<String> can =
        answer.entrySet().stream()
            .filter(each -> each.getValue().equals("1") && !each.getKey().equals("maxname"))
            .map(Map.Entry::getKey)
            .collect(Collectors.toCollection(TreeSet::new));
    return new Probe(can, Integer.parseInt(fact(answer, "maxname")));
  }

  @Override
  public void unmountShare(String name, Optional<String> device) {
    Map<String, String> words = new TreeMap<>(Map.of("name", AgentLine.encode(name)));
    device.ifPresent(address -> words.put("device", address));
    call("unmount-share", LONG, words);
  }

  @Override
  public void abandonShare(String name) {
    call("unmount-share", QUICK, Map.of("name", AgentLine.encode(name), "lost", "1"));
  }

  @Override
  public void union(String name, List<Path> lowers, @Nullable Path upper, @Nullable Path work) {
    Map<String, String> words = new TreeMap<>(Map.of("name", AgentLine.encode(name)));
    words.put("lower", AgentLine.list(lowers));
    if (upper != null && work != null) {
      words.put("upper", AgentLine.encode(upper.toString()));
      words.put("work", AgentLine.encode(work.toString()));
    }
    call("union", LONG, words);
  }

  @Override
  public void union(String name, List<Path> lowers, Path upper, Path work, List<String> skeleton) {
    Map<String, String> words = new TreeMap<>(Map.of("name", AgentLine.encode(name)));
    words.put("lower", AgentLine.list(lowers));
    words.put("upper", AgentLine.encode(upper.toString()));
    words.put("work", AgentLine.encode(work.toString()));
    words.put("skeleton", AgentLine.list(skeleton));
    call("union", LONG, words);
  }

  @Override
  public void unmount(String name) {
    call("unmount", LONG, Map.of("name", AgentLine.encode(name)));
  }

  @Override
  public void abandonUnion(String name) {
    call("unmount", QUICK, Map.of("name", AgentLine.encode(name), "lost", "1"));
  }

  @Override
  public Answer<Boolean> exportFuse(String name, String port, long files) {
    Request request =
        ask(
            "export-fuse",
            LONG,
            Map.of(
                "name",
                AgentLine.encode(name),
                "port",
                AgentLine.encode(port),
                "files",
                Long.toString(files)));
    return () -> answer(request).isEmpty();
  }

  @Override
  public void unexport(String name) {
    call("unexport", LONG, Map.of("name", AgentLine.encode(name)));
  }

  @Override
  public Answer<Boolean> mountDisk(String serial, String name, List<String> directories) {
    Request request =
        ask(
            "mount-disk",
            LONG,
            Map.of(
                "serial",
                AgentLine.encode(serial),
                "name",
                AgentLine.encode(name),
                "make",
                AgentLine.list(directories)));
    return () -> answer(request).isEmpty();
  }

  @Override
  public void mountSnapshot(String serial, String name) {
    call(
        "mount-snapshot",
        LONG,
        Map.of("serial", AgentLine.encode(serial), "name", AgentLine.encode(name)));
  }

  @Override
  public void unmountDisk(String name, Optional<String> device) {
    Map<String, String> words = new TreeMap<>(Map.of("name", AgentLine.encode(name)));
    device.ifPresent(address -> words.put("device", address));
    call("unmount-disk", LONG, words);
  }

  @Override
  public void freeze(String name, String disk, Duration deadline) {
    call(
        "freeze",
        LONG,
        Map.of(
            "name",
            AgentLine.encode(name),
            "disk",
            AgentLine.encode(disk),
            "deadline",
            Long.toString(deadline.toMillis())));
  }

  @Override
  public Duration thaw(String name) {
    Map<String, String> answer = call("thaw", QUICK, Map.of("name", AgentLine.encode(name)));
    return Duration.ofNanos(Long.parseLong(fact(answer, "held")));
  }

  @Override
  public void capture(String disk, String path, String port, String token) {
    Request _ =
        ask(
            "capture",
            CAPTURE,
            Map.of(
                "disk",
                AgentLine.encode(disk),
                "path",
                AgentLine.encode(path),
                "port",
                AgentLine.encode(port),
                "token",
                token));
  }

  @Override
  public void network(String name) {
    call("network", LONG, Map.of("name", AgentLine.encode(name)));
  }

  @Override
  public void network(String name, String address, String gateway) {
    call(
        "network",
        LONG,
        Map.of("name", AgentLine.encode(name), "address", address, "gateway", gateway));
  }

  @Override
  public void file(String name, String file, byte[] content) {
    int at = 0;
    do {
      int length = Math.min(PART, content.length - at);
      call(
          "file",
          QUICK,
          Map.of(
              "name",
              AgentLine.encode(name),
              "file",
              AgentLine.encode(file),
              "at",
              Integer.toString(at),
              "data",
              AgentLine.encode(Arrays.copyOfRange(content, at, at + length))));
      at += length;
    } while (at < content.length);
  }

  @Override
  public User user(String name, String user) {
    Map<String, String> who =
        call("user", QUICK, Map.of("name", AgentLine.encode(name), "user", AgentLine.encode(user)));
    List<Long> groups =
        Stream.of(fact(who, "groups").split(","))
            .filter(group -> !group.isEmpty())
            .map(Long::valueOf)
            .toList();
    return new User(
        Long.parseLong(fact(who, "uid")),
        Long.parseLong(fact(who, "gid")),
        groups,
        fact(who, "home"));
  }

  @Override
  public Answer<Long> run(String name, Streams streams) {
    return start("run", name, Map.of("last", "1"), streams);
  }

  @Override
  public Answer<Long> exec(String name, String id, Streams streams) {
    return start("exec", name, Map.of("id", AgentLine.encode(id)), streams);
  }

  @Override
  public Answer<Long> send(String name, String id, String path, Streams streams) {
    Map<String, String> words = Map.of("id", AgentLine.encode(id), "path", AgentLine.encode(path));
    return start("send", name, words, streams);
  }

  @Override
  public Answer<Long> receive(String name, String id, String path, boolean into, Streams streams) {
    Map<String, String> words =
        new TreeMap<>(Map.of("id", AgentLine.encode(id), "path", AgentLine.encode(path)));
    if (into) {
      words.put("into", "1");
    }
    return start("receive", name, words, streams);
  }

  private Answer<Long> start(String verb, String name, Map<String, String> more, Streams streams) {
    Map<String, String> words = new TreeMap<>(more);
    words.put("name", AgentLine.encode(name));
    words.put("port", AgentLine.encode(streams.port()));
    words.put("token", streams.token());
    if (streams.terminal()) {
      words.put("tty", "1");
    }
    Request request = ask(verb, LONG, words);
    return () -> Long.parseLong(fact(answer(request), "pid"));
  }

  @Override
  public void signal(String name, int signal, boolean all) {
    Map<String, String> words = new TreeMap<>(Map.of("name", AgentLine.encode(name)));
    words.put("signal", Integer.toString(signal));
    if (all) {
      words.put("all", "1");
    }
    call("signal", QUICK, words);
  }

  @Override
  public void pause(String name) {
    call("pause", LONG, Map.of("name", AgentLine.encode(name)));
  }

  @Override
  public void resume(String name) {
    call("resume", LONG, Map.of("name", AgentLine.encode(name)));
  }

  @Override
  public Map<String, String> usage(String name) {
    return call("usage", QUICK, Map.of("name", AgentLine.encode(name)));
  }

  @Override
  public void delete(String name) {
    call("delete", LONG, Map.of("name", AgentLine.encode(name)));
  }

  @Override
  public void sync(@Nullable String name) {
    call("sync", LONG, name == null ? Map.of() : Map.of("name", AgentLine.encode(name)));
  }

  @Override
  public Map<String, String> stats() {
    return call("stats", QUICK, Map.of());
  }

  @Override
  public List<Map<String, String>> list() {
    Map<Integer, Map<String, String>> numbered = new TreeMap<>();
    call("list", QUICK, Map.of())
        .forEach((key, value) -> {
          int dot = key.indexOf('.');
          if (dot > 0 && key.substring(0, dot).matches("\\d{1,6}")) {
            numbered
                .computeIfAbsent(
                    Integer.parseInt(key.substring(0, dot)), n -> new LinkedHashMap<>())
                .put(key.substring(dot + 1), value);
          }
        });
    return List.copyOf(numbered.values());
  }

  @Override
  public void idle(Duration delay) {
    call("idle", QUICK, Map.of("seconds", Long.toString(delay.toSeconds())));
  }

  @Override
  public void poweroff() {
    call("poweroff", QUICK, Map.of());
  }

  /** Waits until the guest has all its modules, and nothing of booting is left. */
  public void settle() {
    call("settle", LONG, Map.of());
  }

  @Override
  public void close() {
    socket.close();
  }

  /** What is under way; the deadline is in {@link System#nanoTime}. */
  private record Request(String id, String verb, long deadline) {}

  private Map<String, String> call(String verb, Duration limit, Map<String, String> words) {
    return answer(ask(verb, limit, words));
  }

  private Request ask(String verb, Duration limit, Map<String, String> words) {
    Request request =
        new Request(session + "." + ++requests, verb, LineSocket.in(limit.plus(GRACE)));
    Map<String, String> all = new TreeMap<>(words);
    all.put("limit", Long.toString(limit.toMillis()));
    try {
      asked.add(request.id());
      socket.send(AgentLine.request(request.id(), verb, all), request.deadline());
    } catch (IOException broken) {
      throw over(broken);
    }
    return request;
  }

  private Map<String, String> answer(Request request) {
    AgentLine line = early.remove(request.id());
    try {
      while (line == null) {
        AgentLine next = AgentLine.parse(socket.receive(request.deadline()));
        if (next.isAnswerTo(request.id())) {
          line = next;
        } else if (asked.contains(next.id()) && next.isAnswerTo(next.id())) {
          early.put(next.id(), next);
        }
      }
    } catch (IOException broken) {
      throw over(broken);
    }
    asked.remove(request.id());
    return line.isOk() ? line.facts() : fail(request.verb(), line.facts());
  }

  private MicaException over(IOException broken) {
    socket.close(); // what comes later would be taken for another answer
    return silent(path, broken);
  }

  private static Map<String, String> fail(String verb, Map<String, String> facts) {
    String note = facts.getOrDefault("note", "");
    String errno = facts.getOrDefault("errno", "no reason given");
    String step = facts.getOrDefault("step", "");
    throw MicaException.failed(
            "have the guest do " + verb + (step.isEmpty() ? "" : ", to " + step),
            facts.getOrDefault("path", ""),
            note.isEmpty() ? errno : note + " (" + errno + ")")
        .because(new AgentFailure(verb, errno, step, note));
  }
}
