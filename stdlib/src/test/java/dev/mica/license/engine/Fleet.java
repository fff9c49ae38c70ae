package dev.mica.license.engine;

import dev.mica.license.check.Replica;
import dev.mica.license.key.Ed25519;
import dev.mica.license.key.FleetSecret;
import dev.mica.license.key.LicenseKey;
import dev.mica.license.ledger.Entry;
import dev.mica.license.ledger.HostId;
import dev.mica.license.ledger.PublicKey;
import dev.mica.license.ledger.Request;
import dev.mica.license.ledger.Share;
import dev.mica.license.ledger.Terms;
import dev.mica.license.wire.LedgerMachine;
import dev.mica.license.wire.LogRecord;
import dev.mica.license.wire.Signed;
import dev.mica.license.wire.Voucher;
import dev.mica.test.Scratch;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.security.KeyPair;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** A fleet whose hosts are all in this process, each a voter on loopback. */
final class Fleet implements AutoCloseable {
  static final String LICENSE = "team";

  private static final KeyPair ACME = Ed25519.generate();

  final UUID id = UUID.randomUUID();
  final int seats;
  final FleetSecret secret = FleetSecret.random();
  final List<Host> hosts = new ArrayList<>();

  /** Of all voters that ran, those that have ended too. */
  private final List<Kept> kept = new ArrayList<>();

  private final KeyPair key = Ed25519.generate();
  private final Scratch scratch = new Scratch();
  private final List<RatisLedger.Voter> voters = new ArrayList<>();
  private int incarnations;

  private record Kept(String name, List<Replica.Applied> log) {}

  /** A host that asks, and holds the log. */
  final class Host {
    final KeyPair keys = Ed25519.generate();
    final PublicKey publicKey =
        new PublicKey(HexFormat.of().formatHex(Ed25519.bytes(keys.getPublic())));
    final HostId hostId = Voucher.hostOf(publicKey);
    final RatisLedger.Voter voter;
    final UUID boot = UUID.randomUUID();
    private volatile @Nullable RatisLedger ledger;
    private volatile LedgerMachine machine;
    private boolean isUp;
    private long seq;

    Host(RatisLedger.Voter voter) {
      this.voter = voter;
      this.machine = newMachine();
    }

    RatisLedger ledger() {
      return Objects.requireNonNull(ledger, "not started");
    }

    LedgerMachine machine() {
      return machine;
    }

    /** Begins anew with what is on its disk. */
    void start() throws IOException {
      machine = newMachine();
      incarnations++;
      List<Replica.Applied> log = new ArrayList<>();
      synchronized (kept) {
        kept.add(new Kept(voter.name() + "#" + incarnations, log));
      }
      ledger =
          RatisLedger.start(
              id,
              voter,
              voters,
              scratch.path(voter.name()),
              machine,
              Clock.systemUTC(),
              Duration.ofSeconds(60),
              (index, record, its) -> {
                synchronized (kept) {
                  log.add(applied(index, record, its));
                }
              });
      setUp(this, true);
    }

    void stop() {
      setUp(this, false);
      ledger().close();
    }

    Signed signs(Request body) {
      seq++;
      Entry.FromHost entry = new Entry.FromHost(1, hostId, boot, seq, 0, UUID.randomUUID(), body);
      return Signed.request(id, entry, keys.getPrivate());
    }

    Signed hello() {
      return signs(
          new Request.Hello(
              publicKey,
              "",
              Set.of(),
              0,
              Voucher.sign(id, publicKey, "", Set.of(), key.getPrivate())));
    }
  }

  Fleet(int number, int seats) {
    this.seats = seats;
    for (int port : freePorts(number)) {
      voters.add(new RatisLedger.Voter("voter-" + voters.size(), "127.0.0.1", port));
    }
    voters.forEach(voter -> hosts.add(new Host(voter)));
  }

  /**
   * Below those that the kernel gives to others who ask for any, who could have it while a voter
   * that had it begins anew.
   */
  private static List<Integer> freePorts(int number) {
    List<Integer> ports = new ArrayList<>();
    Random random = new Random();
    while (ports.size() < number) {
      int port = random.nextInt(20_000, 32_000);
      if (!ports.contains(port) && isFree(port)) {
        ports.add(port);
      }
    }
    return ports;
  }

  private static boolean isFree(int port) {
    try (ServerSocket probe = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
      return probe.isBound();
    } catch (IOException taken) {
      return false;
    }
  }

  private LedgerMachine newMachine() {
    byte[] acme = Ed25519.bytes(ACME.getPublic());
    return new LedgerMachine(
        new LedgerMachine.Fleet(
            id,
            Ed25519.bytes(key.getPublic()),
            secret,
            issuer -> issuer.equals("acme") ? Optional.of(acme) : Optional.empty()));
  }

  private static Replica.Applied applied(long index, byte[] record, LedgerMachine machine) {
    try {
      LogRecord read = LogRecord.of(record);
      String state = HexFormat.of().toHexDigits(Arrays.hashCode(machine.snapshot()));
      return new Replica.Applied(index, read.clock(), read.all().getFirst().entry(), state);
    } catch (IOException wrong) {
      throw new UncheckedIOException(wrong);
    }
  }

  List<Replica> replicas() {
    synchronized (kept) {
      return kept.stream().map(one -> new Replica(one.name(), List.copyOf(one.log()))).toList();
    }
  }

  Request.Install install() {
    Terms terms = new Terms(0, seats, Share.NETWORK, Terms.Policy.LEASE, 0, 3600, 0, 0);
    String line =
        LicenseKey.issue("acme", LICENSE, "CAD", terms, true, Instant.EPOCH, ACME.getPrivate());
    return new Request.Install(secret.tag(LICENSE), terms, secret.seal(line));
  }

  Request.Acquire ask(UUID vm) {
    return new Request.Acquire(vm, secret.tag(LICENSE), seats, Share.NETWORK, 1, 3600, false);
  }

  private synchronized void setUp(Host host, boolean isUp) {
    host.isUp = isUp;
    notifyAll();
  }

  /** One that runs, from that number on; waits for one if there is none. */
  synchronized Host running(int from) throws InterruptedException {
    while (hosts.stream().noneMatch(host -> host.isUp)) {
      wait();
    }
    int number = from;
    while (!hosts.get(number % hosts.size()).isUp) {
      number++;
    }
    return hosts.get(number % hosts.size());
  }

  Host leader() {
    while (true) {
      for (Host host : hosts) {
        if (host.ledger().isLeader()) {
          return host;
        }
      }
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
    }
  }

  @Override
  public void close() {
    for (Host host : hosts) {
      Optional.ofNullable(host.ledger).ifPresent(RatisLedger::close);
    }
    scratch.close();
  }
}
