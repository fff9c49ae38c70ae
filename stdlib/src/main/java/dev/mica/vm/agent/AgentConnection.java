package dev.mica.vm.agent;

import dev.mica.failure.MicaException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
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

/** Sends the verbs of the agent's protocol as requests over its socket. */
public final class AgentConnection implements Agent {
  private static final int VERSION = 1;
  private static final int SEED = 64;
  private static final Duration QUICK = Duration.ofSeconds(10);
  private static final Duration LONG = Duration.ofSeconds(60);
  private static final Duration CAPTURE = Duration.ofHours(1);

  /**
   * The largest part of a file in one line. Each byte may become three when it is encoded, and a
   * line has at most 65,536 bytes.
   */
  private static final int PART = 20_000;

  private static final SecureRandom RANDOM = new SecureRandom();

  private final AgentRequests requests;
  private final Hello hello;

  private AgentConnection(AgentRequests requests, Duration limit) {
    this.requests = requests;
    this.hello = greet(limit);
  }

  /** Connects and greets. A guest that still boots answers when it has booted. */
  public static AgentConnection connect(Path path, Duration limit) {
    AgentRequests requests = AgentRequests.connect(path, limit);
    boolean done = false;
    try {
      AgentConnection connection = new AgentConnection(requests, limit);
      done = true;
      return connection;
    } finally {
      if (!done) {
        requests.close();
      }
    }
  }

  private Hello greet(Duration limit) {
    Instant now = Instant.now();
    byte[] seed = new byte[SEED];
    RANDOM.nextBytes(seed);
    AgentWords words =
        AgentWords.none()
            .with("version", VERSION)
            .with("time", TimeUnit.SECONDS.toNanos(now.getEpochSecond()) + now.getNano())
            .with("seed", HexFormat.of().formatHex(seed));
    Map<String, String> answer = requests.call("hello", limit, words);
    return new Hello(
        Integer.parseInt(fact(answer, "version")),
        fact(answer, "agent"),
        fact(answer, "kernel"),
        Duration.ofNanos(Long.parseLong(fact(answer, "uptime"))));
  }

  private String fact(Map<String, String> answer, String key) {
    String value = answer.get(key);
    if (value == null) {
      throw MicaException.failed(
          "understand the guest's agent at", requests.path(), "it tells no " + key);
    }
    return value;
  }

  @Override
  public Hello hello() {
    return hello;
  }

  /** Sends a request whose answer says only that it is done. */
  private Answer<Boolean> ask(String verb, AgentWords words) {
    AgentRequests.Request request = requests.ask(verb, LONG, words);
    return () -> requests.answer(request).isEmpty();
  }

  @Override
  public Answer<Probe> mountShare(String tag, String name, boolean readOnly) {
    return mountShare(AgentWords.of(name).with("tag", tag).flag("ro", readOnly));
  }

  @Override
  public Answer<Probe> mountShare(String tag, String name, Set<String> asked) {
    List<String> probe = List.copyOf(new TreeSet<>(asked));
    return mountShare(AgentWords.of(name).with("tag", tag).with("probe", probe));
  }

  private Answer<Probe> mountShare(AgentWords words) {
    AgentRequests.Request request = requests.ask("mount-share", LONG, words);
    return () -> probe(requests.answer(request));
  }

  @Override
  public Answer<Boolean> mountVolume(String tag, String name) {
    return ask("mount-share", AgentWords.of(name).with("tag", tag).with("probe", 0));
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
    AgentWords words = AgentWords.of(name);
    device.ifPresent(address -> words.with("device", address));
    requests.call("unmount-share", LONG, words);
  }

  @Override
  public void abandonShare(String name) {
    requests.call("unmount-share", QUICK, AgentWords.of(name).flag("lost", true));
  }

  @Override
  public void union(String name, List<Path> lowers, @Nullable Path upper, @Nullable Path work) {
    AgentWords words = AgentWords.of(name).with("lower", lowers);
    if (upper != null && work != null) {
      words.with("upper", upper.toString()).with("work", work.toString());
    }
    requests.call("union", LONG, words);
  }

  @Override
  public void union(String name, List<Path> lowers, Path upper, Path work, List<String> skeleton) {
    AgentWords words =
        AgentWords.of(name)
            .with("lower", lowers)
            .with("upper", upper.toString())
            .with("work", work.toString())
            .with("skeleton", skeleton);
    requests.call("union", LONG, words);
  }

  @Override
  public void unmount(String name) {
    requests.call("unmount", LONG, AgentWords.of(name));
  }

  @Override
  public void abandonUnion(String name) {
    requests.call("unmount", QUICK, AgentWords.of(name).flag("lost", true));
  }

  @Override
  public Answer<Boolean> exportFuse(String name, String port, long files) {
    return ask("export-fuse", AgentWords.of(name).with("port", port).with("files", files));
  }

  @Override
  public void unexport(String name) {
    requests.call("unexport", LONG, AgentWords.of(name));
  }

  @Override
  public Answer<Boolean> mountDisk(String serial, String name, List<String> directories) {
    return ask("mount-disk", AgentWords.of(name).with("serial", serial).with("make", directories));
  }

  @Override
  public Answer<Boolean> mountSnapshot(String serial, String name) {
    return ask("mount-snapshot", AgentWords.of(name).with("serial", serial));
  }

  @Override
  public void unmountDisk(String name) {
    requests.call("unmount-disk", LONG, AgentWords.of(name));
  }

  @Override
  public void freeze(String name, String disk, Duration deadline) {
    AgentWords words = AgentWords.of(name).with("disk", disk).with("deadline", deadline.toMillis());
    requests.call("freeze", LONG, words);
  }

  @Override
  public Duration thaw(String name) {
    Map<String, String> answer = requests.call("thaw", QUICK, AgentWords.of(name));
    return Duration.ofNanos(Long.parseLong(fact(answer, "held")));
  }

  @Override
  public void capture(String disk, String path, String port, String token) {
    AgentWords words =
        AgentWords.none()
            .with("disk", disk)
            .with("path", path)
            .with("port", port)
            .with("token", token);
    AgentRequests.Request _ = requests.ask("capture", CAPTURE, words);
  }

  @Override
  public void network(String name) {
    requests.call("network", LONG, AgentWords.of(name));
  }

  @Override
  public void network(String name, String address, String gateway) {
    AgentWords words = AgentWords.of(name).with("address", address).with("gateway", gateway);
    requests.call("network", LONG, words);
  }

  @Override
  public void file(String name, String file, byte[] content) {
    int at = 0;
    do {
      int length = Math.min(PART, content.length - at);
      AgentWords words =
          AgentWords.of(name)
              .with("file", file)
              .with("at", at)
              .with("data", Arrays.copyOfRange(content, at, at + length));
      requests.call("file", QUICK, words);
      at += length;
    } while (at < content.length);
  }

  @Override
  public User user(String name, String user) {
    Map<String, String> who = requests.call("user", QUICK, AgentWords.of(name).with("user", user));
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
    return start("run", AgentWords.of(name).flag("last", true), streams);
  }

  @Override
  public Answer<Long> exec(String name, String id, Streams streams) {
    return start("exec", AgentWords.of(name).with("id", id), streams);
  }

  @Override
  public Answer<Long> send(String name, String id, String path, Streams streams) {
    return start("send", AgentWords.of(name).with("id", id).with("path", path), streams);
  }

  @Override
  public Answer<Long> receive(String name, String id, String path, boolean into, Streams streams) {
    AgentWords words = AgentWords.of(name).with("id", id).with("path", path).flag("into", into);
    return start("receive", words, streams);
  }

  @Override
  public Answer<Long> files(String name, String id, Streams streams) {
    return start("files", AgentWords.of(name).with("id", id), streams);
  }

  private Answer<Long> start(String verb, AgentWords words, Streams streams) {
    words
        .with("port", streams.port())
        .with("token", streams.token())
        .flag("tty", streams.terminal());
    AgentRequests.Request request = requests.ask(verb, LONG, words);
    return () -> Long.parseLong(fact(requests.answer(request), "pid"));
  }

  @Override
  public void signal(String name, int signal, boolean all) {
    requests.call("signal", QUICK, AgentWords.of(name).with("signal", signal).flag("all", all));
  }

  @Override
  public void pause(String name) {
    requests.call("pause", LONG, AgentWords.of(name));
  }

  @Override
  public void resume(String name) {
    requests.call("resume", LONG, AgentWords.of(name));
  }

  @Override
  public Map<String, String> usage(String name) {
    return requests.call("usage", QUICK, AgentWords.of(name));
  }

  @Override
  public void delete(String name) {
    requests.call("delete", LONG, AgentWords.of(name));
  }

  @Override
  public void sync(@Nullable String name) {
    requests.call("sync", LONG, name == null ? AgentWords.none() : AgentWords.of(name));
  }

  @Override
  public Map<String, String> stats() {
    return requests.call("stats", QUICK, AgentWords.none());
  }

  @Override
  public List<Map<String, String>> list() {
    Map<Integer, Map<String, String>> numbered = new TreeMap<>();
    requests
        .call("list", QUICK, AgentWords.none())
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
    requests.call("idle", QUICK, AgentWords.none().with("seconds", delay.toSeconds()));
  }

  @Override
  public void poweroff() {
    requests.call("poweroff", QUICK, AgentWords.none());
  }

  /** Waits until the guest has loaded all its modules and has booted completely. */
  public void awaitModules() {
    requests.call("await-modules", LONG, AgentWords.none());
  }

  @Override
  public void close() {
    requests.close();
  }
}
