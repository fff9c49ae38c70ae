package dev.mica.license.bad;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mica.license.check.Operation;
import dev.mica.license.check.Replica;
import dev.mica.license.check.WitnessChecker;
import dev.mica.license.ledger.Answer;
import dev.mica.license.ledger.BytesIn;
import dev.mica.license.ledger.BytesOut;
import dev.mica.license.ledger.Entry;
import dev.mica.license.ledger.EntryCodec;
import dev.mica.license.ledger.HostId;
import dev.mica.license.ledger.KeyTag;
import dev.mica.license.ledger.PublicKey;
import dev.mica.license.ledger.Request;
import dev.mica.license.ledger.Sealed;
import dev.mica.license.ledger.Seats;
import dev.mica.license.ledger.SeatsCodec;
import dev.mica.license.ledger.Share;
import dev.mica.license.ledger.Signature;
import dev.mica.license.ledger.Terms;
import dev.mica.license.ledger.Verdict;
import dev.mica.test.Scratch;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jgroups.JChannel;
import org.jgroups.protocols.DISCARD;
import org.jgroups.protocols.FD_ALL3;
import org.jgroups.protocols.SHARED_LOOPBACK;
import org.jgroups.protocols.SHARED_LOOPBACK_PING;
import org.jgroups.protocols.TP;
import org.jgroups.protocols.UNICAST3;
import org.jgroups.protocols.pbcast.GMS;
import org.jgroups.protocols.pbcast.NAKACK2;
import org.jgroups.protocols.pbcast.STABLE;
import org.jgroups.protocols.raft.ELECTION;
import org.jgroups.protocols.raft.InMemoryLog;
import org.jgroups.protocols.raft.NO_DUPES;
import org.jgroups.protocols.raft.RAFT;
import org.jgroups.protocols.raft.REDIRECT;
import org.jgroups.protocols.raft.Role;
import org.jgroups.raft.RaftHandle;
import org.jgroups.raft.StateMachine;
import org.jgroups.stack.ProtocolStack;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * jgroups-raft 1.1.4, whose reads commit what nobody has acknowledged: a leader that is cut off
 * says yes to a seat, and its majority gives that seat to another. The checker must see it; without
 * the read there is nothing to see.
 */
class JGroupsRaftTest {
  private static final List<String> NAMES = List.of("A", "B", "C");
  private static final int HANG = 60;
  private static final KeyTag KEY = new KeyTag("aa".repeat(32));
  private static final byte[] READ = {};

  /** The seats, and what was applied in which order; a read changes nothing. */
  private static final class Machine implements StateMachine {
    private final Seats seats = new Seats();
    private final List<Replica.Applied> log = new ArrayList<>();

    @Override
    public synchronized byte[] apply(byte[] data, int offset, int length, boolean answer)
        throws IOException {
      if (length == READ.length) {
        return READ;
      }
      Entry entry = EntryCodec.entry(Arrays.copyOfRange(data, offset, offset + length));
      long index = log.size() + 1L;
      List<Answer> answers = seats.apply(index, 0, entry);
      log.add(
          new Replica.Applied(
              index, 0, entry, String.valueOf(Arrays.hashCode(SeatsCodec.bytes(seats)))));
      BytesOut out = new BytesOut().i64(index);
      SeatsCodec.write(out, answers.getFirst());
      return out.toBytes();
    }

    synchronized List<Replica.Applied> log() {
      return List.copyOf(log);
    }

    @Override
    public void readContentFrom(DataInput in) {
      throw new UnsupportedOperationException("no snapshot is made here");
    }

    @Override
    public void writeContentTo(DataOutput out) {
      throw new UnsupportedOperationException("no snapshot is made here");
    }
  }

  private final class Node implements AutoCloseable {
    final String name;
    final JChannel channel;
    final Machine machine = new Machine();
    final RaftHandle raft;

    Node(String name) throws Exception {
      this.name = name;
      RAFT protocol =
          new RAFT()
              .members(NAMES)
              .raftId(name)
              .logClass(InMemoryLog.class.getName())
              .logDir(scratch.path("log").toString());
      channel =
          new JChannel(
              new SHARED_LOOPBACK(),
              new SHARED_LOOPBACK_PING(),
              new FD_ALL3().setTimeout(1_500).setInterval(300),
              new NAKACK2(),
              new UNICAST3(),
              new STABLE(),
              new NO_DUPES(),
              new GMS().setJoinTimeout(500),
              new ELECTION(),
              protocol,
              new REDIRECT());
      raft = new RaftHandle(channel, machine);
      raft.addRoleListener(role -> {
        if (role == Role.Leader) {
          led(this);
        }
      });
      channel.setName(name).connect(run);
    }

    void cutOff() throws Exception {
      channel
          .getProtocolStack()
          .insertProtocol(new DISCARD().discardAll(true), ProtocolStack.Position.ABOVE, TP.class);
    }

    void awaitEntry(long index) {
      long began = System.nanoTime();
      while (raft.raft().lastAppended() < index) {
        assertThat(System.nanoTime() - began).isLessThan(TimeUnit.SECONDS.toNanos(HANG));
        Thread.onSpinWait();
      }
    }

    CompletableFuture<byte[]> send(byte[] bytes) throws Exception {
      return raft.setAsync(bytes, 0, bytes.length);
    }

    @Override
    public void close() {
      channel.close();
    }
  }

  private final Scratch scratch = new Scratch();
  private final String run = UUID.randomUUID().toString();
  private final List<Node> nodes = new ArrayList<>();
  private final List<Operation> history = new ArrayList<>();
  private final List<CompletableFuture<Node>> leaders =
      List.of(new CompletableFuture<>(), new CompletableFuture<>());
  private final Asker ann = new Asker(1);
  private final Asker bob = new Asker(2);

  private void led(Node node) {
    if (!leaders.get(0).complete(node) && leaders.get(0).join() != node) {
      leaders.get(1).complete(node);
    }
  }

  private static final class Asker {
    private final HostId id;
    private final PublicKey key;
    private long seq;

    Asker(int number) {
      String hex = String.format("%064x", number);
      id = new HostId(hex);
      key = new PublicKey(hex);
    }

    Entry says(Request body) {
      seq++;
      return new Entry.FromHost(1, id, new UUID(0, 0), seq, 0, UUID.randomUUID(), body);
    }

    Entry hello() {
      return says(new Request.Hello(key, "", Set.of(), 0, new Signature("00".repeat(64))));
    }
  }

  private static Request ask(int vm) {
    return new Request.Acquire(new UUID(0, vm), KEY, 1, Share.NETWORK, 1, 60, false);
  }

  @BeforeEach
  void begin() throws Exception {
    for (String name : NAMES) {
      nodes.add(new Node(name));
    }
    Node leader = leaders.get(0).get(HANG, TimeUnit.SECONDS);
    answered(leader, ann.hello());
    answered(leader, bob.hello());
    Terms terms = new Terms(0, 1, Share.NETWORK, Terms.Policy.LEASE, 0, 60, 0, 0);
    answered(leader, ann.says(new Request.Install(KEY, terms, new Sealed(""))));
  }

  @AfterEach
  void end() {
    nodes.forEach(Node::close);
    scratch.close();
  }

  private Answer answered(Node node, Entry entry) throws Exception {
    long began = System.nanoTime();
    byte[] answer = node.send(EntryCodec.bytes(entry)).get(HANG, TimeUnit.SECONDS);
    return record(node, entry, began, answer);
  }

  private Answer record(Node node, Entry entry, long began, byte[] bytes) throws IOException {
    Operation.Decided decided =
        BytesIn.whole(bytes, in -> new Operation.Decided(in.i64(), List.of(SeatsCodec.answer(in))));
    history.add(
        Operation.answered(
            node.name, began, System.nanoTime(), entry, decided.index(), decided.answers()));
    return decided.answers().getFirst();
  }

  private List<String> faults() {
    return WitnessChecker.faults(
        history, nodes.stream().map(one -> new Replica(one.name, one.machine.log())).toList());
  }

  /** What the majority does once the other is gone. */
  private void theOthersGiveIt() throws Exception {
    Node next = leaders.get(1).get(HANG, TimeUnit.SECONDS);
    assertThat(answered(next, bob.says(ask(2))).verdict()).isEqualTo(Verdict.GRANT);
  }

  @Test
  void aReadCommitsWhatNobodyHasAcknowledged() throws Exception {
    Node leader = leaders.get(0).join();
    leader.cutOff();
    Entry entry = ann.says(ask(1));
    long began = System.nanoTime();
    CompletableFuture<byte[]> asked = leader.send(EntryCodec.bytes(entry));
    leader.awaitEntry(4); // else the leader takes both together, and waits for acknowledgements
    CompletableFuture<byte[]> read = leader.raft.getAsync(READ, 0, READ.length);
    Answer granted = record(leader, entry, began, asked.get(HANG, TimeUnit.SECONDS));
    read.get(HANG, TimeUnit.SECONDS);
    assertThat(granted.verdict()).isEqualTo(Verdict.GRANT);
    theOthersGiveIt();
    assertThat(faults()).anyMatch(fault -> fault.startsWith("at 4 are two: "));
  }

  @Test
  void withoutAReadItSaysNothing() throws Exception {
    Node leader = leaders.get(0).join();
    leader.cutOff();
    Entry entry = ann.says(ask(1));
    history.add(Operation.lost(leader.name, System.nanoTime(), entry));
    CompletableFuture<byte[]> asked = leader.send(EntryCodec.bytes(entry));
    theOthersGiveIt();
    try {
      asked.get(1, TimeUnit.NANOSECONDS);
      throw new AssertionError("a leader alone has decided");
    } catch (TimeoutException | ExecutionException undecided) {
      assertThat(faults()).isEmpty();
    }
  }
}
