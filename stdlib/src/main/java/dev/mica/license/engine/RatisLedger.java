package dev.mica.license.engine;

import dev.mica.license.wire.LedgerMachine;
import dev.mica.license.wire.SeatLedger;
import dev.mica.license.wire.Signed;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.apache.ratis.client.RaftClient;
import org.apache.ratis.client.RaftClientConfigKeys;
import org.apache.ratis.conf.RaftProperties;
import org.apache.ratis.grpc.GrpcConfigKeys;
import org.apache.ratis.protocol.Message;
import org.apache.ratis.protocol.RaftGroup;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.retry.RetryPolicies;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.RaftServerConfigKeys;
import org.apache.ratis.server.storage.RaftStorage;
import org.apache.ratis.thirdparty.com.google.protobuf.UnsafeByteOperations;
import org.apache.ratis.util.SizeInBytes;
import org.apache.ratis.util.TimeDuration;

/**
 * A voter of the ledger, in this process: it holds the log in a directory of its own, and takes
 * part in every decision.
 */
public final class RatisLedger implements SeatLedger {
  /** A voter, as all others know it: the name is of its directory, so a lost one is another. */
  public record Voter(String name, String host, int port) {
    private RaftPeer peer() {
      return RaftPeer.newBuilder().setId(name).setAddress(host + ":" + port).build();
    }
  }

  /** After how many entries the log is folded into a snapshot. */
  private static final long SNAPSHOT_AFTER = 10_000;

  private static final Duration ELECTION = Duration.ofSeconds(1);
  private static final Duration ANSWERS_ARE_KEPT = Duration.ofMinutes(10);
  private static final TimeDuration PAUSE = TimeDuration.valueOf(50, TimeUnit.MILLISECONDS);

  private final RaftServer server;
  private final RaftClient client;

  private RatisLedger(RaftServer server, RaftClient client) {
    this.server = server;
    this.client = client;
  }

  /**
   * Starts it. It answers as soon as a majority of the voters runs.
   *
   * @param fleet a name for the group of voters
   * @param self one of {@code voters}
   * @param directory what it has written, or nothing
   * @param patience for how long a request is tried, at least
   */
  static RatisLedger start(
      UUID fleet,
      Voter self,
      List<Voter> voters,
      Path directory,
      LedgerMachine machine,
      Clock clock,
      Duration patience,
      LedgerLog.Listener listener)
      throws IOException {
    RaftGroup group =
        RaftGroup.valueOf(RaftGroupId.valueOf(fleet), voters.stream().map(Voter::peer).toList());
    RaftProperties properties = properties(self, directory);
    RaftServer server =
        RaftServer.newBuilder()
            .setServerId(RaftPeerId.valueOf(self.name()))
            .setGroup(group)
            .setOption(RaftStorage.StartupOption.RECOVER)
            .setProperties(properties)
            .setStateMachine(new LedgerLog(machine, clock, listener))
            .build();
    server.start();
    int attempts = (int) (patience.toMillis() / PAUSE.toLong(TimeUnit.MILLISECONDS)) + 1;
    RaftClient client =
        RaftClient.newBuilder()
            .setProperties(properties)
            .setRaftGroup(group)
            .setRetryPolicy(RetryPolicies.retryUpToMaximumCountWithFixedSleep(attempts, PAUSE))
            .build();
    return new RatisLedger(server, client);
  }

  private static RaftProperties properties(Voter self, Path directory) {
    RaftProperties properties = new RaftProperties();
    RaftServerConfigKeys.setStorageDir(properties, List.of(directory.toFile()));
    GrpcConfigKeys.Server.setHost(properties, self.host());
    GrpcConfigKeys.Server.setPort(properties, self.port());
    RaftServerConfigKeys.Rpc.setTimeoutMin(properties, millis(ELECTION));
    RaftServerConfigKeys.Rpc.setTimeoutMax(properties, millis(ELECTION.multipliedBy(2)));
    // What a leader believes of its lease is a matter of clocks.
    RaftServerConfigKeys.Read.setLeaderLeaseEnabled(properties, false);
    RaftServerConfigKeys.RetryCache.setExpiryTime(properties, millis(ANSWERS_ARE_KEPT));
    RaftServerConfigKeys.Log.setUnsafeFlushEnabled(properties, false);
    RaftServerConfigKeys.Log.setAsyncFlushEnabled(properties, false);
    // Requests are small; four megabytes of zeros for each new segment are not.
    RaftServerConfigKeys.Log.setPreallocatedSize(properties, SizeInBytes.valueOf("256KB"));
    RaftServerConfigKeys.Snapshot.setAutoTriggerEnabled(properties, true);
    RaftServerConfigKeys.Snapshot.setAutoTriggerThreshold(properties, SNAPSHOT_AFTER);
    RaftServerConfigKeys.Snapshot.setRetentionFileNum(properties, 2);
    RaftClientConfigKeys.Rpc.setRequestTimeout(properties, millis(ELECTION.multipliedBy(3)));
    return properties;
  }

  private static TimeDuration millis(Duration duration) {
    return TimeDuration.valueOf(duration.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** Whether it leads, as far as it knows. */
  boolean isLeader() {
    try {
      return server.getDivision(server.getGroupIds().iterator().next()).getInfo().isLeader();
    } catch (IOException closed) {
      return false;
    }
  }

  @Override
  public CompletableFuture<Decided> decide(Signed one) {
    Message message = Message.valueOf(UnsafeByteOperations.unsafeWrap(one.bytes()));
    return client
        .async()
        .send(message)
        .thenApply(reply -> {
          if (!reply.isSuccess()) {
            throw new CompletionException(reply.getException());
          }
          return LedgerLog.decided(reply.getMessage().getContent());
        });
  }

  @Override
  public void close() {
    try {
      client.close();
      server.close();
    } catch (IOException broken) {
      throw new UncheckedIOException("a voter of the ledger does not end", broken);
    }
  }
}
