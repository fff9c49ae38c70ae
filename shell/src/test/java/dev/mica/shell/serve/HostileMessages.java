package dev.mica.shell.serve;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** Messages of SSH and requests of SFTP that were right before something of them was changed. */
record HostileMessages(Random random) {
  private static final int[] NUMBERS = {
    0, 1, 2, 3, 4, 5, 255, 256, 0x7fff, 0xffff, 1 << 20, Integer.MAX_VALUE, Integer.MIN_VALUE, -1
  };

  /** Requests of SFTP end below this. */
  private static final int SFTP_TYPES = 21;

  private byte[] oneOf(List<byte[]> all) {
    return all.get(random.nextInt(all.size()));
  }

  private String word(String... all) {
    return all[random.nextInt(all.length)];
  }

  private int number() {
    return NUMBERS[random.nextInt(NUMBERS.length)];
  }

  private byte[] bytes(int most) {
    byte[] bytes = new byte[random.nextInt(most + 1)];
    random.nextBytes(bytes);
    return bytes;
  }

  /** Bytes that are no packet: what comes behind their length is wrong. */
  byte[] noise() {
    return SshMessage.empty().u32(number()).raw(bytes(200)).bytes();
  }

  /** The same, changed in no place, in one or in some. */
  private byte[] changed(byte[] right) {
    byte[] bytes = right.clone();
    for (int left = random.nextInt(4); left > 0 && bytes.length > 0; left--) {
      int at = random.nextInt(bytes.length);
      bytes =
          switch (random.nextInt(4)) {
            case 0 -> Arrays.copyOf(bytes, at);
            case 1 -> SshMessage.empty().raw(bytes).raw(bytes(40)).bytes();
            case 2 -> withNumber(bytes, at);
            default -> withByte(bytes, at);
          };
    }
    return bytes;
  }

  private byte[] withByte(byte[] bytes, int at) {
    bytes[at] = (byte) random.nextInt(256);
    return bytes;
  }

  private byte[] withNumber(byte[] bytes, int at) {
    if (at + Integer.BYTES <= bytes.length) {
      ByteBuffer.wrap(bytes).putInt(at, number());
    }
    return bytes;
  }

  /** A message at that stage: before the names, the proposals, the keys, the service, the login. */
  byte[] beforeLogin(int stage) {
    return switch (random.nextInt(3)) {
      case 0 -> SshMessage.of(random.nextInt(256)).raw(bytes(100)).bytes();
      case 1 -> changed(due(stage));
      default -> changed(oneOf(List.of(login(), open(), adjust(), ignore())));
    };
  }

  private byte[] due(int stage) {
    return switch (stage) {
      case 0, 1 -> RawClient.proposal();
      case 2 -> SshMessage.of(SshMessage.KEX_INIT).string(new byte[1216]).bytes();
      case 3 -> SshMessage.of(SshMessage.SERVICE_REQUEST).string("ssh-userauth").bytes();
      default -> login();
    };
  }

  private byte[] login() {
    return SshMessage.of(SshMessage.USERAUTH_REQUEST)
        .string("ann")
        .string("ssh-connection")
        .string("publickey")
        .u8(random.nextInt(2))
        .string("ssh-ed25519")
        .string(SshMessage.empty().string("ssh-ed25519").string(new byte[32]).bytes())
        .string(SshMessage.empty().string("ssh-ed25519").string(new byte[64]).bytes())
        .bytes();
  }

  private static byte[] ignore() {
    return SshMessage.of(SshMessage.IGNORE).string("x").bytes();
  }

  private static byte[] adjust() {
    return SshMessage.of(SshMessage.CHANNEL_WINDOW_ADJUST).u32(0).u32(1 << 15).bytes();
  }

  private byte[] open() {
    return SshMessage.of(SshMessage.CHANNEL_OPEN)
        .string(word("session", "direct-tcpip", "x11", "auth-agent@openssh.com"))
        .u32(random.nextInt(12))
        .u32(1 << 20)
        .u32(1 << 15)
        .bytes();
  }

  byte[] afterLogin(RawChannel channel) {
    return switch (random.nextInt(8)) {
      case 0 -> changed(open());
      case 1 -> changed(global());
      case 2 -> changed(data(channel));
      case 3 -> changed(RawClient.proposal());
      case 4 -> SshMessage.of(random.nextInt(256)).raw(bytes(100)).bytes();
      default -> changed(asked(channel));
    };
  }

  private byte[] global() {
    return SshMessage.of(SshMessage.GLOBAL_REQUEST)
        .string(word("keepalive@openssh.com", "tcpip-forward", "no-more-sessions@openssh.com", "x"))
        .u8(1)
        .string("127.0.0.1")
        .u32(0)
        .bytes();
  }

  private byte[] data(RawChannel channel) {
    return SshMessage.of(93 + random.nextInt(5)).u32(channel.server()).string(bytes(60)).bytes();
  }

  private byte[] asked(RawChannel channel) {
    return switch (random.nextInt(7)) {
      case 0 -> channel.request("pty-req", terminal());
      case 1 -> channel.request("window-change", numbers(4));
      case 2 -> channel.request("env", SshMessage.empty().string("LANG").string("C").bytes());
      case 3 -> channel.request("signal", SshMessage.empty().string(word("INT", "X")).bytes());
      case 4 -> channel.request("exec", SshMessage.empty().string("union ls 'a b' \\").bytes());
      case 5 -> channel.request("shell", new byte[0]);
      default -> channel.request("subsystem", SshMessage.empty().string("sftp").bytes());
    };
  }

  private byte[] terminal() {
    return SshMessage.empty()
        .string(word("xterm", "dumb", "vt100", "\u001b[x"))
        .raw(numbers(4))
        .string(SshMessage.empty().u8(1).u32(number()).u8(0).bytes())
        .bytes();
  }

  private byte[] numbers(int count) {
    SshMessage numbers = SshMessage.empty();
    for (int i = 0; i < count; i++) {
      numbers.u32(number());
    }
    return numbers.bytes();
  }

  /** A request of SFTP without its length. */
  byte[] sftp() {
    int type = random.nextInt(SFTP_TYPES + 1);
    if (type < 2 || type == SFTP_TYPES) {
      return changed(extended());
    }
    SshMessage request = SshMessage.of(type).u32(random.nextInt());
    boolean byHandle = type == 4 || type == 5 || type == 6 || type == 8 || type == 10 || type == 12;
    request.string(byHandle ? SshMessage.empty().u32(random.nextInt(3)).bytes() : path());
    switch (random.nextInt(3)) {
      case 0 -> request.string(path());
      case 1 -> request.u32(random.nextInt(64)).raw(numbers(6));
      default -> request.u64(random.nextInt(100)).string(bytes(40));
    }
    return changed(request.bytes());
  }

  private byte[] extended() {
    String name =
        word("statvfs", "fstatvfs", "hardlink", "posix-rename", "fsync", "lsetstat", "limits")
            + "@openssh.com";
    return SshMessage.of(200)
        .u32(random.nextInt())
        .string(random.nextInt(5) == 0 ? "copy-data" : name)
        .string(random.nextBoolean() ? path() : new byte[] {0, 0, 0, 1})
        .string(path())
        .bytes();
  }

  private byte[] path() {
    String path =
        word(
                "/folders/root",
                ".",
                "/unions",
                "/commits",
                "/commits/a:b",
                "/vms/a",
                "/folders/root/sub",
                "/",
                "..",
                "/folders/root/../..")
            + word("", "/file", "/new", "/../../../outside", "/outside", "/sub/link", "/\u0000x");
    return path.getBytes(java.nio.charset.StandardCharsets.UTF_8);
  }
}
