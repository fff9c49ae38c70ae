package dev.mica.ssh;

import java.util.ArrayList;
import java.util.List;
import org.apache.sshd.common.NamedFactory;
import org.apache.sshd.common.cipher.BuiltinCiphers;
import org.apache.sshd.common.compression.BuiltinCompressions;
import org.apache.sshd.common.kex.BuiltinDHFactories;
import org.apache.sshd.common.kex.DHFactory;
import org.apache.sshd.common.kex.KeyExchangeFactory;
import org.apache.sshd.common.mac.BuiltinMacs;
import org.apache.sshd.common.signature.BuiltinSignatures;
import org.apache.sshd.common.signature.Signature;
import org.apache.sshd.server.ServerBuilder;
import org.apache.sshd.server.SshServer;

/**
 * The cryptographic algorithms of the server, in the order in which it prefers them. The defaults
 * of the library are not used, because they change from one version to the next. Key exchanges are
 * looked up by their names, because the library has no constants for the newer ones.
 */
final class Algorithms {
  /** Key exchanges that a future quantum computer cannot break from a recording of today. */
  private static final List<String> POST_QUANTUM =
      List.of(
          "mlkem768x25519-sha256", "sntrup761x25519-sha512", "sntrup761x25519-sha512@openssh.com");

  /** Key exchanges for clients that have none of those. */
  private static final List<String> COMPATIBLE =
      List.of("curve25519-sha256", "curve25519-sha256@libssh.org");

  /** Of keys and of certificates. By the first kind authorities sign certificates, too. */
  private static final List<NamedFactory<Signature>> SIGNATURES =
      List.of(
          BuiltinSignatures.ed25519,
          BuiltinSignatures.sk_ssh_ed25519,
          BuiltinSignatures.sk_ecdsa_sha2_nistp256,
          BuiltinSignatures.nistp521,
          BuiltinSignatures.nistp384,
          BuiltinSignatures.nistp256,
          BuiltinSignatures.rsaSHA512,
          BuiltinSignatures.rsaSHA256,
          BuiltinSignatures.ed25519_cert,
          BuiltinSignatures.nistp521_cert,
          BuiltinSignatures.nistp384_cert,
          BuiltinSignatures.nistp256_cert,
          BuiltinSignatures.rsaSHA512_cert,
          BuiltinSignatures.rsaSHA256_cert);

  private Algorithms() {}

  /** Sets the algorithms of {@code server}. */
  static void set(SshServer server, boolean compatible) {
    server.setKeyExchangeFactories(exchanges(compatible));
    server.setCipherFactories(
        new ArrayList<>(
            List.of(
                BuiltinCiphers.cc20p1305_openssh,
                BuiltinCiphers.aes256gcm,
                BuiltinCiphers.aes128gcm,
                BuiltinCiphers.aes256ctr)));
    server.setMacFactories(
        new ArrayList<>(List.of(BuiltinMacs.hmacsha512etm, BuiltinMacs.hmacsha256etm)));
    server.setCompressionFactories(new ArrayList<>(List.of(BuiltinCompressions.none)));
    server.setSignatureFactories(new ArrayList<>(SIGNATURES));
  }

  private static List<KeyExchangeFactory> exchanges(boolean compatible) {
    List<String> names = new ArrayList<>(POST_QUANTUM);
    if (compatible) {
      names.addAll(COMPATIBLE);
    }
    List<KeyExchangeFactory> exchanges = new ArrayList<>();
    for (String name : names) {
      DHFactory factory = BuiltinDHFactories.resolveFactory(name);
      if (factory == null || !factory.isSupported()) {
        throw new IllegalStateException("the key exchange " + name + " is missing");
      }
      exchanges.add(ServerBuilder.DH2KEX.apply(factory));
    }
    return exchanges;
  }
}
