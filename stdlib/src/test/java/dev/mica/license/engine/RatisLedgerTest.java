package dev.mica.license.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mica.license.check.Operation;
import dev.mica.license.check.WitnessChecker;
import dev.mica.license.ledger.Answer;
import dev.mica.license.ledger.Request;
import dev.mica.license.ledger.Seats;
import dev.mica.license.ledger.Verdict;
import dev.mica.license.wire.SeatLedger;
import dev.mica.license.wire.Signed;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Hosts that take and give back more seats than there are, while the leader ends and comes back
 * with what is on its disk: the checker finds nothing, and what the hosts believe to hold is what
 * the ledger has. {@code -Dmica.seed=N} asks for the same; {@code MICA_FULL=1} asks more often.
 */
class RatisLedgerTest {
  private static final boolean FULL = "1".equals(System.getenv("MICA_FULL"));
  private static final int ASKED = FULL ? 3_000 : 120;
  private static final int HANG = 300;

  private final long seed = Long.getLong("mica.seed", System.nanoTime() & 0xffff_ffffL);
  private final List<Operation> history = Collections.synchronizedList(new ArrayList<>());
  private int decided;

  /** Sends it until it is decided: who does not know does not ask for something else. */
  private Answer settle(Fleet fleet, int from, Signed one) throws Exception {
    long began = System.nanoTime();
    for (int attempt = 0; ; attempt++) {
      // Any voter takes it to the leader, and any may have ended.
      Fleet.Host by = fleet.running(from + attempt);
      try {
        SeatLedger.Decided told = by.ledger().decide(one).get(HANG, TimeUnit.SECONDS);
        history.add(
            Operation.answered(
                by.voter.name(),
                began,
                System.nanoTime(),
                one.entry(),
                told.index(),
                told.answers()));
        more();
        return told.answers().getFirst();
      } catch (ExecutionException unknown) {
        assertThat(attempt).as("seed %d: %s", seed, unknown).isLessThan(1_000);
      }
    }
  }

  /** One host's VMs; what it believes to hold at the end. */
  private Map<UUID, Long> host(Fleet fleet, int number) throws Exception {
    Random random = new Random(seed + number);
    Fleet.Host host = fleet.hosts.get(number);
    Map<UUID, Long> held = new HashMap<>();
    for (int i = 0; i < ASKED; i++) {
      UUID vm = new UUID(number, random.nextInt(3));
      Long fence = held.get(vm);
      if (fence == null) {
        Answer answer = settle(fleet, number, host.signs(fleet.ask(vm)));
        if (answer.verdict() == Verdict.GRANT) {
          held.put(vm, answer.fence());
        } else {
          assertThat(answer.verdict()).isEqualTo(Verdict.DENY_FULL);
        }
      } else if (random.nextInt(3) == 0) {
        Request renew = new Request.Renew(List.of(new Request.Held(vm, fence)));
        assertThat(settle(fleet, number, host.signs(renew)).lost()).isEmpty();
      } else {
        Request release = new Request.Release(new Request.Held(vm, fence));
        Answer answer = settle(fleet, number, host.signs(release));
        assertThat(answer.verdict()).isEqualTo(Verdict.GRANT);
        held.remove(vm);
      }
    }
    return held;
  }

  @ParameterizedTest(name = "{0} voters, {2} leaders end")
  @CsvSource({"1, 2, 1", "3, 4, 4"})
  void noSeatIsGivenTwiceOrLost(int voters, int seats, int crashes) throws Exception {
    try (Fleet fleet = new Fleet(voters, seats);
        ExecutorService all = Executors.newVirtualThreadPerTaskExecutor()) {
      for (Fleet.Host host : fleet.hosts) {
        host.start();
      }
      for (int i = 0; i < voters; i++) {
        settle(fleet, i, fleet.hosts.get(i).hello());
      }
      settle(fleet, 0, fleet.hosts.getFirst().signs(fleet.install()));
      List<Future<Map<UUID, Long>>> hosts = new ArrayList<>();
      for (int i = 0; i < voters; i++) {
        int number = i;
        Callable<Map<UUID, Long>> work = () -> host(fleet, number);
        hosts.add(all.submit(work));
      }
      for (int i = 1; i <= crashes; i++) {
        awaitDecided(voters * ASKED * i / (crashes + 1), hosts);
        Fleet.Host leader = fleet.leader();
        leader.stop();
        if (voters > 1) {
          awaitDecided(decided() + 10, hosts); // the others go on
        }
        leader.start();
      }
      Map<UUID, Long> held = new HashMap<>();
      for (Future<Map<UUID, Long>> one : hosts) {
        held.putAll(one.get(HANG, TimeUnit.SECONDS));
      }
      settle(fleet, 0, fleet.hosts.getFirst().signs(new Request.Renew(List.of())));
      assertThat(WitnessChecker.faults(history, fleet.replicas())).as("seed %d", seed).isEmpty();
      Seats seatsOfLeader = fleet.leader().machine().seats();
      Map<UUID, Long> leased = new HashMap<>();
      seatsOfLeader.leases().forEach(lease -> leased.put(lease.vm(), lease.fence()));
      assertThat(leased).as("seed %d", seed).isEqualTo(held);
    }
  }

  private synchronized void more() {
    decided++;
    notifyAll();
  }

  private synchronized int decided() {
    return decided;
  }

  /** Or until the hosts have ended. */
  private synchronized void awaitDecided(int number, List<Future<Map<UUID, Long>>> hosts)
      throws InterruptedException {
    while (decided < number && hosts.stream().anyMatch(host -> !host.isDone())) {
      wait(1_000);
    }
  }
}
