package dev.mica.license.engine;

import dev.mica.license.ledger.Answer;
import dev.mica.license.ledger.BytesIn;
import dev.mica.license.ledger.BytesOut;
import dev.mica.license.ledger.Request;
import dev.mica.license.ledger.SeatsCodec;
import dev.mica.license.wire.LedgerMachine;
import dev.mica.license.wire.LogRecord;
import dev.mica.license.wire.SeatLedger;
import dev.mica.license.wire.Signed;
import dev.mica.state.Durable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.apache.ratis.io.MD5Hash;
import org.apache.ratis.proto.RaftProtos.LogEntryProto;
import org.apache.ratis.proto.RaftProtos.RaftPeerRole;
import org.apache.ratis.protocol.Message;
import org.apache.ratis.protocol.RaftClientRequest;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.protocol.TermIndex;
import org.apache.ratis.server.storage.FileInfo;
import org.apache.ratis.server.storage.RaftStorage;
import org.apache.ratis.statemachine.StateMachineStorage;
import org.apache.ratis.statemachine.TransactionContext;
import org.apache.ratis.statemachine.impl.BaseStateMachine;
import org.apache.ratis.statemachine.impl.SimpleStateMachineStorage;
import org.apache.ratis.statemachine.impl.SingleFileSnapshotInfo;
import org.apache.ratis.thirdparty.com.google.protobuf.ByteString;
import org.apache.ratis.thirdparty.com.google.protobuf.UnsafeByteOperations;
import org.apache.ratis.util.MD5FileUtil;

/**
 * The seats of a fleet, as Ratis drives them. The leader adds its clock to what is asked for; each
 * voter applies what was committed, in its order.
 */
final class LedgerLog extends BaseStateMachine {
  /** Hears of each record that was applied. */
  @FunctionalInterface
  interface Listener {
    void applied(long index, byte[] record, LedgerMachine machine);
  }

  private final SimpleStateMachineStorage storage = new SimpleStateMachineStorage();
  private final LedgerMachine machine;
  private final Clock clock;
  private final Listener listener;

  LedgerLog(LedgerMachine machine, Clock clock, Listener listener) {
    this.machine = machine;
    this.clock = clock;
    this.listener = listener;
  }

  @Override
  public void initialize(RaftServer server, RaftGroupId group, RaftStorage raftStorage)
      throws IOException {
    super.initialize(server, group, raftStorage);
    storage.init(raftStorage);
    load();
  }

  @Override
  public void reinitialize() throws IOException {
    load();
  }

  @Override
  public StateMachineStorage getStateMachineStorage() {
    return storage;
  }

  private synchronized void load() throws IOException {
    SingleFileSnapshotInfo snapshot = storage.loadLatestSnapshot();
    if (snapshot == null) {
      return;
    }
    Path file = snapshot.getFile().getPath();
    MD5FileUtil.verifySavedMD5(file.toFile(), snapshot.getFile().getFileDigest());
    machine.restore(Files.readAllBytes(file));
    setLastAppliedTermIndex(snapshot.getTermIndex());
  }

  @Override
  public synchronized long takeSnapshot() throws IOException {
    TermIndex last = getLastAppliedTermIndex();
    Path file = storage.getSnapshotFile(last.getTerm(), last.getIndex()).toPath();
    Path scratch = file.resolveSibling(".making-" + file.getFileName());
    Files.write(scratch, machine.snapshot());
    Durable.move(scratch, file);
    MD5Hash digest = MD5FileUtil.computeAndSaveMd5ForFile(file.toFile());
    storage.updateLatestSnapshot(new SingleFileSnapshotInfo(new FileInfo(file, digest), last));
    return last.getIndex();
  }

  /** On the leader, before it is in the log. What is no entry never gets there. */
  @Override
  public TransactionContext startTransaction(RaftClientRequest request) throws IOException {
    Signed one = Signed.of(request.getMessage().getContent().toByteArray());
    LogRecord record = new LogRecord(clock.instant().getEpochSecond(), List.of(one));
    return TransactionContext.newBuilder()
        .setStateMachine(this)
        .setServerRole(RaftPeerRole.LEADER)
        .setClientRequest(request)
        .setLogData(UnsafeByteOperations.unsafeWrap(record.bytes()))
        .build();
  }

  @Override
  public CompletableFuture<Message> applyTransaction(TransactionContext transaction) {
    LogEntryProto entry = transaction.getLogEntry();
    byte[] record = entry.getStateMachineLogEntry().getLogData().toByteArray();
    List<Answer> answers;
    synchronized (this) {
      answers = machine.apply(entry.getIndex(), record);
      updateLastAppliedTermIndex(entry.getTerm(), entry.getIndex());
      listener.applied(entry.getIndex(), record, machine);
    }
    BytesOut out = new BytesOut().i64(entry.getIndex()).list(answers, SeatsCodec::write);
    return CompletableFuture.completedFuture(
        Message.valueOf(UnsafeByteOperations.unsafeWrap(out.toBytes())));
  }

  /** What {@link #applyTransaction} has answered. */
  static SeatLedger.Decided decided(ByteString bytes) {
    try {
      return BytesIn.whole(
          bytes.toByteArray(),
          in -> new SeatLedger.Decided(in.i64(), in.list(Request.MOST, SeatsCodec::answer)));
    } catch (IOException wrong) {
      throw new UncheckedIOException("a voter's answer is not to be read", wrong);
    }
  }
}
