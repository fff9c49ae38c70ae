package dev.mica.ssh;

import dev.mica.Mica;
import dev.mica.access.Caller;
import dev.mica.failure.MicaException;
import dev.mica.user.User;
import java.io.IOException;
import java.net.BindException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketTimeoutException;
import java.nio.file.Path;
import java.security.KeyPair;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import org.apache.sshd.common.config.keys.KeyUtils;
import org.apache.sshd.common.digest.BuiltinDigests;
import org.apache.sshd.common.global.KeepAliveHandler;
import org.apache.sshd.common.keyprovider.KeyPairProvider;
import org.apache.sshd.core.CoreModuleProperties;
import org.apache.sshd.server.SshServer;
import org.apache.sshd.server.forward.RejectAllForwardingFilter;
import org.apache.sshd.server.global.NoMoreSessionsHandler;

/** An SSH server for the users of a state directory, of which there is one at a time. */
public final class Server implements AutoCloseable {
  private static final int SILENT = 3;
  private static final int CHANNELS = 10;
  private static final int SESSIONS_OF_USER = 8;

  /** A key takes two requests: one asks for it, one uses it. {@link Logins} limits the tries. */
  private static final int REQUESTS = 20;

  /** A write waits for a client that does not read; keepalives find out that it is gone. */
  private static final Duration READ_WAIT = Duration.ofDays(1);

  /** How long commands may go on when the server ends. */
  private static final long DRAIN_MILLIS = 10_000;

  /** The banner tells neither product nor version, which only help an attacker. */
  private static final String BANNER = "mica";

  private final OnlyServer only;
  private final Mica mica;
  private final SshServer server;
  private final Gate gate;
  private final Channels channels;
  private final String fingerprint;

  private Server(
      OnlyServer only,
      Mica mica,
      SshServer server,
      Gate gate,
      Channels channels,
      String fingerprint) {
    this.only = only;
    this.mica = mica;
    this.server = server;
    this.gate = gate;
    this.channels = channels;
    this.fingerprint = fingerprint;
  }

  /**
   * Serves from now on, until it is closed.
   *
   * @param mica the objects as an admin sees them
   * @param receiver runs what clients ask for
   */
  public static Server start(Mica mica, Settings settings, Receiver receiver) {
    Path folder = mica.users().serverFolder();
    OnlyServer only = OnlyServer.of(folder);
    try {
      KeyPair key = HostKey.of(folder);
      Channels channels = new Channels(mica, receiver, folder, settings.recorded());
      Gate gate = new Gate(new Startups<>(System::nanoTime));
      SshServer server = set(settings, key, mica, gate, channels);
      listen(server, settings.listen());
      mica.sessions().serve(true);
      return new Server(
          only,
          mica,
          server,
          gate,
          channels,
          KeyUtils.getFingerPrint(BuiltinDigests.sha256, key.getPublic()));
    } catch (RuntimeException | Error failure) {
      only.close();
      throw failure;
    }
  }

  private static SshServer set(
      Settings settings, KeyPair key, Mica mica, Gate gate, Channels channels) {
    SshServer server = SshServer.setUpDefaultServer();
    Algorithms.set(server, settings.compatible());
    server.setKeyPairProvider(KeyPairProvider.wrap(key));
    Logins logins = new Logins(mica, InstantSource.system());
    server.setPublickeyAuthenticator(logins);
    server.setUserAuthFactories(new ArrayList<>(List.of(ByKey.factory(logins))));
    server.setChannelFactories(new ArrayList<>(List.of(SessionChannel.FACTORY)));
    server.setGlobalRequestHandlers(
        new ArrayList<>(List.of(KeepAliveHandler.INSTANCE, NoMoreSessionsHandler.INSTANCE)));
    server.setForwardingFilter(RejectAllForwardingFilter.INSTANCE);
    server.setSubsystemFactories(new ArrayList<>(List.of(channels.sftp())));
    server.setCommandFactory(channels);
    server.setShellFactory(channels);
    server.setReservedSessionMessagesHandler(new Unexpected());
    server.addSessionListener(gate);
    server.addSessionListener(new Keepalive(settings.keepalive(), SILENT));
    server.addSessionListener(new Attempts(mica.audit(), System::nanoTime));
    limit(server);
    CoreModuleProperties.AUTH_TIMEOUT.set(server, settings.grace());
    return server;
  }

  private static void limit(SshServer server) {
    CoreModuleProperties.SERVER_IDENTIFICATION.set(server, BANNER);
    CoreModuleProperties.IDLE_TIMEOUT.set(server, Duration.ZERO);
    CoreModuleProperties.MAX_AUTH_REQUESTS.set(server, REQUESTS);
    CoreModuleProperties.MAX_CONCURRENT_CHANNELS.set(server, CHANNELS);
    CoreModuleProperties.MAX_CONCURRENT_SESSIONS.set(server, SESSIONS_OF_USER);
    CoreModuleProperties.WAIT_FOR_SPACE_TIMEOUT.set(server, READ_WAIT);
    CoreModuleProperties.TCP_NODELAY.set(server, true);
  }

  private static void listen(SshServer server, InetSocketAddress at) {
    server.setHost(at.getAddress().getHostAddress());
    server.setPort(at.getPort());
    try {
      server.start();
    } catch (BindException taken) {
      throw MicaException.failed("listen at", text(at), String.valueOf(taken.getMessage()))
          .hint("name another address with --listen")
          .because(taken);
    } catch (IOException broken) {
      throw MicaException.failed("listen at", text(at), String.valueOf(broken.getMessage()))
          .because(broken);
    }
  }

  private static String text(InetSocketAddress address) {
    String host = address.getAddress().getHostAddress();
    return (host.contains(":") ? "[" + host + "]" : host) + ":" + address.getPort();
  }

  /** The caller that a user is: with their role, their roots and their folder. */
  public static Caller caller(User user) {
    return Channels.caller(user);
  }

  /** The address at which it listens, as {@code ADDRESS:PORT}. */
  public String address() {
    return text((InetSocketAddress) server.getBoundAddresses().iterator().next());
  }

  /**
   * Fails unless it takes a connection within that time, by greeting the client or by sending it
   * away. What the kernel takes for it does not count.
   */
  public void requireAnswer(Duration limit) throws IOException {
    int millis = Math.clamp(limit.toMillis(), 1, Integer.MAX_VALUE);
    SocketAddress at =
        server.getBoundAddresses().stream()
            .findFirst()
            .orElseThrow(() -> new IOException("nothing listens for SSH"));
    try (Socket client = new Socket()) {
      client.connect(reached((InetSocketAddress) at), millis);
      client.setSoTimeout(millis);
      int _ = client.getInputStream().read();
    } catch (SocketTimeoutException silent) {
      throw new IOException("nothing answers at " + address() + " within " + limit, silent);
    }
  }

  private static InetSocketAddress reached(InetSocketAddress bound) {
    InetAddress address = bound.getAddress();
    if (!address.isAnyLocalAddress()) {
      return bound;
    }
    String here = address instanceof Inet6Address ? "::1" : "127.0.0.1";
    return new InetSocketAddress(InetAddress.ofLiteral(here), bound.getPort());
  }

  /** The SHA-256 fingerprint of its key, by which clients recognize it. */
  public String fingerprint() {
    return fingerprint;
  }

  /** Accepts no connection any more, waits some seconds for commands, and closes all sessions. */
  @Override
  public void close() {
    try {
      gate.close();
      channels.drain(DRAIN_MILLIS);
      server.stop(true);
    } catch (IOException broken) {
      throw MicaException.failed("end", "the server", String.valueOf(broken.getMessage()))
          .because(broken);
    } finally {
      mica.sessions().serve(false);
      only.close();
    }
  }
}
