package dev.mica.vm.network;

import dev.mica.failure.MicaException;
import dev.mica.state.Records;
import dev.mica.vm.process.Daemon;
import dev.mica.vm.process.Program;
import dev.mica.vm.qemu.Card;
import dev.mica.vm.qemu.Qemu;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The process that carries a guest's network, and what QEMU is told of it. QEMU has no network of
 * this host. Published ports alone are carried by {@code mica-forward} to QEMU's own, which lets
 * the guest begin nothing; with a way outward passt carries both, behind {@code mica-outward}. The
 * process outlives the JVM, and ends with QEMU.
 */
public final class Carrier {
  /** The line that mends it where there is no passt. */
  public static final String FIX = "apt install passt";

  private static final Duration START = Duration.ofSeconds(30);

  /** Of QEMU's own network, where nothing else listens. */
  private static final int FIRST_INNER = 10_000;

  private static final String SOCKET = "network.sock";

  /** Any that is none of this host's: the guest knows passt by it. */
  private static final String MAC = "52:55:0a:00:02:02";

  private final Qemu qemu;

  public Carrier(Qemu qemu) {
    this.qemu = qemu;
  }

  /** Lets guests begin connections. */
  public static Optional<Path> passt() {
    return Program.find("passt", "/usr/bin/passt");
  }

  /** Why there can be no such link here. */
  public static Optional<MicaException> refusal(boolean outward) {
    return outward && passt().isEmpty()
        ? Optional.of(
            MicaException.failed("find the program", "passt", "it is not installed").hint(FIX))
        : Optional.empty();
  }

  private Daemon daemon() {
    return new Daemon(qemu.directory().resolve("network.pid"));
  }

  /** Whether the link is there. */
  public boolean isAlive() {
    return daemon().isAlive();
  }

  /** Ends it. Not there is fine. */
  public void end() {
    daemon().kill();
  }

  /** Gives the guest, which has none, a card with that link. */
  public void plug(Link link) {
    refusal(link.outward())
        .ifPresent(no -> {
          throw no;
        });
    boolean done = false;
    try {
      start(link.outward() ? outward(link) : forward(link));
      Card.plug(qemu, link.outward() ? stream() : restricted(link));
      done = true;
    } finally {
      if (!done) {
        end();
      }
    }
  }

  private void start(List<String> command) {
    String _ =
        daemon().start(command, qemu.directory(), qemu.directory().resolve("network.log"), START);
  }

  private List<String> command(String program) {
    Daemon machine = qemu.daemon();
    long pid =
        machine
            .process()
            .orElseThrow(
                () -> MicaException.failed("link", "the " + qemu.guest(), "it does not run"))
            .pid();
    List<String> words = new ArrayList<>(List.of(Program.ours(program).toString()));
    words.addAll(List.of("--pid", daemon().pidFile().toString()));
    words.addAll(List.of("--machine", Long.toString(pid)));
    words.addAll(List.of("--machine-file", machine.pidFile().toString()));
    return words;
  }

  private List<String> forward(Link link) {
    List<String> words = command("mica-forward");
    for (int i = 0; i < link.forwards().size(); i++) {
      Forward one = link.forwards().get(i);
      if (one.udp()) {
        throw new IllegalArgumentException("only passt carries UDP");
      }
      words.add("--tcp");
      words.add(one.address() + ":" + one.port() + "=" + (FIRST_INNER + i));
    }
    return words;
  }

  private List<String> outward(Link link) {
    List<String> words = command("mica-outward");
    words.addAll(List.of("--socket", qemu.peers().resolve(SOCKET).toString()));
    words.addAll(List.of("--card", Card.MAC, "--"));
    words.add(passt().orElseThrow().toString());
    words.add("-q");
    words.addAll(List.of("--runas", qemu.user() + ":" + qemu.user(), "-4", "--no-map-gw"));
    words.addAll(List.of("--no-dhcp", "--no-dhcpv6", "--no-ndp", "--no-ra", "-M", MAC));
    words.addAll(List.of("-a", Link.ADDRESS, "-n", Integer.toString(Link.PREFIX)));
    words.addAll(List.of("-g", Link.GATEWAY));
    if (link.resolves()) {
      words.addAll(List.of("--dns-forward", Link.RESOLVER));
    }
    ports(words, "-t", link.forwards().stream().filter(one -> !one.udp()).toList());
    ports(words, "-u", link.forwards().stream().filter(Forward::udp).toList());
    return words;
  }

  private static void ports(List<String> words, String option, List<Forward> forwards) {
    if (forwards.isEmpty()) {
      words.addAll(List.of(option, "none"));
    }
    for (Forward one : forwards) {
      // Of all addresses: without one it would be of IPv6, too.
      words.addAll(List.of(option, one.address() + "/" + one.port() + ":" + one.guest()));
    }
  }

  /** The guest can answer those who connect, and nothing else. */
  private static ObjectNode restricted(Link link) {
    ObjectNode backend = Records.object().put("type", "user").put("restrict", true);
    backend.put("ipv6", false).put("net", Link.ADDRESS.replaceAll("\\.\\d+$", ".0/" + Link.PREFIX));
    backend.put("host", Link.GATEWAY).put("dns", Link.RESOLVER).put("dhcpstart", Link.ADDRESS);
    ArrayNode forwards = backend.putArray("hostfwd");
    for (int i = 0; i < link.forwards().size(); i++) {
      int inner = FIRST_INNER + i;
      String to = Link.ADDRESS + ":" + link.forwards().get(i).guest();
      forwards.addObject().put("str", "tcp:127.0.0.1:" + inner + "-" + to);
    }
    return backend;
  }

  private static ObjectNode stream() {
    ObjectNode backend = Records.object().put("type", "stream").put("server", false);
    backend.putObject("addr").put("type", "unix").put("path", "/" + Qemu.PEERS + "/" + SOCKET);
    return backend;
  }
}
