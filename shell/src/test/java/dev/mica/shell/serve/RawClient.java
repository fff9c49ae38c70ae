package dev.mica.shell.serve;

import dev.mica.access.Role;
import dev.mica.shell.serve.RawSecrets.Secrets;
import dev.mica.user.User;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Signature;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Optional;

/**
 * A client of SSH that sends whatever it is told, also what no client may send. It has one key
 * exchange (mlkem768x25519-sha256), one cipher (aes256-ctr) and one code (hmac-sha2-256-etm), and
 * shares no code with the server: all are the JDK's.
 */
final class RawClient implements AutoCloseable {
  /** What is silent for so long hangs. */
  private static final int HANGS_MILLIS = 60_000;

  private static final int LONGEST = 1 << 20;
  private static final String NAME = "SSH-2.0-raw";

  private final Socket socket;
  private final DataInputStream in;
  private final OutputStream out;
  private String serverName = "";
  private boolean named;
  private boolean sendsNoMore;
  private byte[] serverProposal = {};
  private byte[] session = {};
  private RawSecrets sending = RawSecrets.NONE;
  private RawSecrets receiving = RawSecrets.NONE;

  /** Connects, and says nothing. */
  RawClient(int port, String from) throws IOException {
    socket = new Socket(InetAddress.ofLiteral("127.0.0.1"), port, InetAddress.ofLiteral(from), 0);
    socket.setSoTimeout(HANGS_MILLIS);
    socket.setTcpNoDelay(true);
    in = new DataInputStream(socket.getInputStream());
    out = socket.getOutputStream();
  }

  /** Sends bytes as they are. */
  void raw(byte[] bytes) throws IOException {
    out.write(bytes);
    out.flush();
  }

  void sendName() throws IOException {
    named = true;
    raw((NAME + "\r\n").getBytes(StandardCharsets.US_ASCII));
  }

  /** The name of the server, which is its first line; empty if it has none for us. */
  String readName() throws IOException {
    StringBuilder line = new StringBuilder();
    for (int next = readByte(); next >= 0 && next != '\n'; next = readByte()) {
      line.append((char) next);
    }
    serverName = line.toString().strip();
    return serverName;
  }

  private int readByte() throws IOException {
    try {
      return in.read();
    } catch (SocketTimeoutException hangs) {
      throw new AssertionError("neither answered nor closed", hangs);
    }
  }

  /** What this client proposes. */
  static byte[] proposal() {
    SshMessage proposal = SshMessage.of(SshMessage.KEXINIT).raw(new byte[16]);
    proposal.string("mlkem768x25519-sha256,ext-info-c,kex-strict-c-v00@openssh.com");
    proposal.string("ssh-ed25519");
    for (String each : new String[] {"aes256-ctr", "hmac-sha2-256-etm@openssh.com", "none", ""}) {
      proposal.string(each).string(each);
    }
    return proposal.u8(0).u32(0).bytes();
  }

  /** What the server proposes, which it says without being asked. */
  byte[] readProposal() throws IOException {
    serverProposal = expect(SshMessage.KEXINIT);
    return serverProposal;
  }

  /** Exchanges keys after both proposals, to the end. */
  void exchange() throws IOException {
    try {
      RawSecrets.Exchange exchange = new RawSecrets.Exchange();
      send(SshMessage.of(SshMessage.KEX_INIT).string(exchange.init()).bytes());
      ByteBuffer reply = ByteBuffer.wrap(expect(SshMessage.KEX_REPLY)).position(1);
      byte[] key = string(reply);
      byte[] share = string(reply);
      byte[] secret = exchange.secret(share);
      byte[] hash =
          RawSecrets.hash(
              SshMessage.empty()
                  .string(NAME)
                  .string(serverName)
                  .string(proposal())
                  .string(serverProposal)
                  .string(key)
                  .string(exchange.init())
                  .string(share)
                  .string(secret)
                  .bytes());
      if (session.length == 0) {
        session = hash;
      }
      Secrets secrets = new Secrets(secret, hash, session);
      send(new byte[] {SshMessage.NEWKEYS});
      sending = new RawSecrets(secrets, 'A', true);
      expect(SshMessage.NEWKEYS);
      receiving = new RawSecrets(secrets, 'B', false);
    } catch (GeneralSecurityException broken) {
      throw new AssertionError(broken);
    }
  }

  /** Goes on to where the server waits for a way to log in. */
  RawClient greeted() throws IOException {
    readName();
    sendName();
    send(proposal());
    readProposal();
    exchange();
    askForLogin();
    return this;
  }

  void askForLogin() throws IOException {
    send(SshMessage.of(SshMessage.SERVICE_REQUEST).string("ssh-userauth").bytes());
    expect(SshMessage.SERVICE_ACCEPT);
  }

  /** Logs in with an Ed25519 key; fails if that fails. */
  RawClient loggedIn(String user, KeyPair key) throws IOException {
    greeted();
    send(login(user, key.getPublic().getEncoded(), key));
    expect(SshMessage.USERAUTH_SUCCESS);
    return this;
  }

  static SshMessage request(String user, String method) {
    return SshMessage.of(SshMessage.USERAUTH_REQUEST)
        .string(user)
        .string("ssh-connection")
        .string(method);
  }

  /** Asks whether that key would do. */
  static byte[] question(String user, KeyPair key) {
    return request(user, "publickey")
        .u8(0)
        .string("ssh-ed25519")
        .string(blob(key.getPublic().getEncoded()))
        .bytes();
  }

  /** A request to log in with the key that {@code shown} encodes, signed by {@code signer}. */
  byte[] login(String user, byte[] shown, KeyPair signer) {
    return login(user, "ssh-ed25519", blob(shown), signer);
  }

  /** The same with a key or a certificate as it goes over the wire. */
  byte[] login(String user, String algorithm, byte[] shown, KeyPair signer) {
    byte[] request = request(user, "publickey").u8(1).string(algorithm).string(shown).bytes();
    try {
      byte[] content = SshMessage.empty().string(session).raw(request).bytes();
      byte[] signed =
          SshMessage.empty().string("ssh-ed25519").string(sign(signer, content)).bytes();
      return SshMessage.empty().raw(request).string(signed).bytes();
    } catch (GeneralSecurityException broken) {
      throw new AssertionError(broken);
    }
  }

  /** A signature by Ed25519, without its length and type. */
  static byte[] sign(KeyPair signer, byte[] content) throws GeneralSecurityException {
    Signature signature = Signature.getInstance("Ed25519", "SunEC");
    signature.initSign(signer.getPrivate());
    signature.update(content);
    return signature.sign();
  }

  static KeyPair newKey() {
    try {
      return KeyPairGenerator.getInstance("Ed25519", "SunEC").generateKeyPair();
    } catch (GeneralSecurityException broken) {
      throw new AssertionError(broken);
    }
  }

  /** Lets a user log in with that key, behind {@code options}. */
  static void addUser(
      SshServers servers, String name, Role role, List<String> roots, List<String> lines) {
    Path file = servers.scratch.file(name + ".keys", String.join("\n", lines) + "\n");
    User _ = servers.mica.users().add(name, role, file.toString(), roots);
  }

  /** The public key as a line of a file. */
  static String line(KeyPair key) {
    return "ssh-ed25519 " + Base64.getEncoder().encodeToString(blob(key.getPublic().getEncoded()));
  }

  /** A public key of Java's encoding as SSH has it. */
  static byte[] blob(byte[] encoded) {
    byte[] point = Arrays.copyOfRange(encoded, encoded.length - 32, encoded.length);
    return SshMessage.empty().string("ssh-ed25519").string(point).bytes();
  }

  /** Sends a packet with that payload, however the payload is. */
  void send(byte[] payload) throws IOException {
    raw(sending.seal(payload));
  }

  /** The next packet's payload; empty at the end of the connection. */
  Optional<byte[]> read() throws IOException {
    try {
      byte[] head = new byte[Integer.BYTES];
      in.readFully(head);
      int length = ByteBuffer.wrap(head).getInt();
      if (length < 2 || length > LONGEST) {
        throw new AssertionError("the server sends a packet of " + length + " bytes");
      }
      byte[] rest = new byte[length + receiving.codeLength()];
      in.readFully(rest);
      return Optional.of(receiving.open(head, rest));
    } catch (SocketTimeoutException hangs) {
      throw new AssertionError("neither answered nor closed", hangs);
    } catch (IOException over) {
      return Optional.empty();
    }
  }

  /** Sends nothing more; the server gets to know it. */
  void sendNoMore() throws IOException {
    sendsNoMore = true;
    socket.shutdownOutput();
  }

  /**
   * The numbers of all messages that come until the end, as far as they can be told: what was sent
   * at random may have been an exchange of keys that nobody here knows, and what does not begin
   * with a name is turned down by a line of text.
   *
   * <p>To a client that sends no more, a packet may be lost before the last: the server's library
   * then drops what is not yet on its way, and another thread may send one after that.
   */
  List<Integer> readToEnd() throws IOException {
    List<Integer> numbers = new ArrayList<>();
    if (!named) {
      drain();
      return numbers;
    }
    try {
      for (Optional<byte[]> next = read(); next.isPresent(); next = read()) {
        numbers.add(next.get()[0] & 0xff);
        if (next.get()[0] == SshMessage.NEWKEYS) {
          drain();
          return numbers;
        }
      }
    } catch (AssertionError wrong) {
      if (sendsNoMore && wrong instanceof RawSecrets.LostPacket) {
        drain();
        return numbers;
      }
      throw new AssertionError(wrong.getMessage() + ", after the messages " + numbers, wrong);
    }
    return numbers;
  }

  private void drain() throws IOException {
    try {
      long _ = in.transferTo(OutputStream.nullOutputStream());
    } catch (SocketTimeoutException hangs) {
      throw new AssertionError("neither answered nor closed", hangs);
    } catch (SocketException reset) {
      return; // an end, too
    }
  }

  /** The next packet that is neither talk nor about extensions; it must have that number. */
  byte[] expect(int number) throws IOException {
    Optional<byte[]> packet = read();
    while (packet.isPresent() && isTalk(packet.get()[0])) {
      packet = read();
    }
    byte[] payload = packet.orElseThrow(() -> new IOException("the server has disconnected"));
    if (payload[0] == SshMessage.DISCONNECT) {
      throw new IOException("the server has said that it disconnects");
    }
    if ((payload[0] & 0xff) != number) {
      throw new AssertionError("message " + (payload[0] & 0xff) + " instead of " + number);
    }
    return payload;
  }

  private static boolean isTalk(int number) {
    return number == SshMessage.IGNORE
        || number == SshMessage.UNIMPLEMENTED
        || number == SshMessage.DEBUG
        || number == SshMessage.EXT_INFO;
  }

  /** The next string of a message. */
  static byte[] string(ByteBuffer from) {
    byte[] value = new byte[from.getInt()];
    from.get(value);
    return value;
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
