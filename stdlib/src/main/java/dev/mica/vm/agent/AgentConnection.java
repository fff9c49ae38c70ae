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
    Map<String, String> answer =
        requests.call(
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
      throw MicaException.failed(
          "understand the guest's agent at", requests.path(), "it tells no " + key);
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
    AgentRequests.Request request =
        requests.ask(
            "mount-share",
            LONG,
            Map.of("tag", AgentLine.encode(tag), "name", AgentLine.encode(name), "probe", "0"));
    return () -> requests.answer(request).isEmpty();
  }

  private Answer<Probe> mountShare(Map<String, String> words) {
    AgentRequests.Request request = requests.ask("mount-share", LONG, words);
    return () -> probe(requests.answer(request));
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
    requests.call("unmount-share", LONG, words);
  }

  @Override
  public void abandonShare(String name) {
    requests.call("unmount-share", QUICK, Map.of("name", AgentLine.encode(name), "lost", "1"));
  }

  @Override
  public void union(String name, List<Path> lowers, @Nullable Path upper, @Nullable Path work) {
    Map<String, String> words = new TreeMap<>(Map.of("name", AgentLine.encode(name)));
    words.put("lower", AgentLine.list(lowers));
    if (upper != null && work != null) {
      words.put("upper", AgentLine.encode(upper.toString()));
      words.put("work", AgentLine.encode(work.toString()));
    }
    requests.call("union", LONG, words);
  }

  @Override
  public void union(String name, List<Path> lowers, Path upper, Path work, List<String> skeleton) {
    Map<String, String> words = new TreeMap<>(Map.of("name", AgentLine.encode(name)));
    words.put("lower", AgentLine.list(lowers));
    words.put("upper", AgentLine.encode(upper.toString()));
    words.put("work", AgentLine.encode(work.toString()));
    words.put("skeleton", AgentLine.list(skeleton));
    requests.call("union", LONG, words);
  }

  @Override
  public void unmount(String name) {
    requests.call("unmount", LONG, Map.of("name", AgentLine.encode(name)));
  }

  @Override
  public void abandonUnion(String name) {
    requests.call("unmount", QUICK, Map.of("name", AgentLine.encode(name), "lost", "1"));
  }

  @Override
  public Answer<Boolean> exportFuse(String name, String port, long files) {
    AgentRequests.Request request =
        requests.ask(
            "export-fuse",
            LONG,
            Map.of(
                "name",
                AgentLine.encode(name),
                "port",
                AgentLine.encode(port),
                "files",
                Long.toString(files)));
    return () -> requests.answer(request).isEmpty();
  }

  @Override
  public void unexport(String name) {
    requests.call("unexport", LONG, Map.of("name", AgentLine.encode(name)));
  }

  @Override
  public Answer<Boolean> mountDisk(String serial, String name, List<String> directories) {
    AgentRequests.Request request =
        requests.ask(
            "mount-disk",
            LONG,
            Map.of(
                "serial",
                AgentLine.encode(serial),
                "name",
                AgentLine.encode(name),
                "make",
                AgentLine.list(directories)));
    return () -> requests.answer(request).isEmpty();
  }

  @Override
  public Answer<Boolean> mountSnapshot(String serial, String name) {
    AgentRequests.Request request =
        requests.ask(
            "mount-snapshot",
            LONG,
            Map.of("serial", AgentLine.encode(serial), "name", AgentLine.encode(name)));
    return () -> requests.answer(request).isEmpty();
  }

  @Override
  public void unmountDisk(String name) {
    requests.call("unmount-disk", LONG, Map.of("name", AgentLine.encode(name)));
  }

  @Override
  public void freeze(String name, String disk, Duration deadline) {
    requests.call(
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
    Map<String, String> answer =
        requests.call("thaw", QUICK, Map.of("name", AgentLine.encode(name)));
    return Duration.ofNanos(Long.parseLong(fact(answer, "held")));
  }

  @Override
  public void capture(String disk, String path, String port, String token) {
    AgentRequests.Request _ =
        requests.ask(
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
    requests.call("network", LONG, Map.of("name", AgentLine.encode(name)));
  }

  @Override
  public void network(String name, String address, String gateway) {
    requests.call(
        "network",
        LONG,
        Map.of("name", AgentLine.encode(name), "address", address, "gateway", gateway));
  }

  @Override
  public void file(String name, String file, byte[] content) {
    int at = 0;
    do {
      int length = Math.min(PART, content.length - at);
      requests.call(
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
        requests.call(
            "user", QUICK, Map.of("name", AgentLine.encode(name), "user", AgentLine.encode(user)));
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
    AgentRequests.Request request = requests.ask(verb, LONG, words);
    return () -> Long.parseLong(fact(requests.answer(request), "pid"));
  }

  @Override
  public void signal(String name, int signal, boolean all) {
    Map<String, String> words = new TreeMap<>(Map.of("name", AgentLine.encode(name)));
    words.put("signal", Integer.toString(signal));
    if (all) {
      words.put("all", "1");
    }
    requests.call("signal", QUICK, words);
  }

  @Override
  public void pause(String name) {
    requests.call("pause", LONG, Map.of("name", AgentLine.encode(name)));
  }

  @Override
  public void resume(String name) {
    requests.call("resume", LONG, Map.of("name", AgentLine.encode(name)));
  }

  @Override
  public Map<String, String> usage(String name) {
    return requests.call("usage", QUICK, Map.of("name", AgentLine.encode(name)));
  }

  @Override
  public void delete(String name) {
    requests.call("delete", LONG, Map.of("name", AgentLine.encode(name)));
  }

  @Override
  public void sync(@Nullable String name) {
    requests.call("sync", LONG, name == null ? Map.of() : Map.of("name", AgentLine.encode(name)));
  }

  @Override
  public Map<String, String> stats() {
    return requests.call("stats", QUICK, Map.of());
  }

  @Override
  public List<Map<String, String>> list() {
    Map<Integer, Map<String, String>> numbered = new TreeMap<>();
    requests
        .call("list", QUICK, Map.of())
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
    requests.call("idle", QUICK, Map.of("seconds", Long.toString(delay.toSeconds())));
  }

  @Override
  public void poweroff() {
    requests.call("poweroff", QUICK, Map.of());
  }

  /** Waits until the guest has loaded all its modules and has booted completely. */
  public void awaitModules() {
    requests.call("await-modules", LONG, Map.of());
  }

  @Override
  public void close() {
    requests.close();
  }
}
