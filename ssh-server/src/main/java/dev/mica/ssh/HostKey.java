package dev.mica.ssh;

import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.util.Set;
import org.apache.sshd.common.NamedResource;
import org.apache.sshd.common.config.keys.KeyUtils;
import org.apache.sshd.common.config.keys.loader.openssh.OpenSSHKeyPairResourceParser;
import org.apache.sshd.common.config.keys.writer.openssh.OpenSSHKeyPairResourceWriter;
import org.apache.sshd.common.keyprovider.KeyPairProvider;

/**
 * The key by which clients recognize this host. It is made at the first start and never changes.
 * Its file has the format of OpenSSH, so that {@code ssh-keygen} can read it.
 */
final class HostKey {
  private static final String NAME = "ssh_host_ed25519_key";
  private static final int LARGEST = 1 << 16;

  private HostKey() {}

  /** The key in {@code folder}, which is made if there is none. */
  static KeyPair of(Path folder) {
    Path file = folder.resolve(NAME);
    try {
      if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
        make(folder, file);
      }
      requireOwn(file);
      return read(file);
    } catch (IOException broken) {
      throw MicaException.failed("read the host key", file, Why.of(broken)).because(broken);
    } catch (GeneralSecurityException | RuntimeException wrong) {
      if (wrong instanceof MicaException known) {
        throw known;
      }
      throw MicaException.failed(
              "read the host key", file, "it is not an Ed25519 key in the format of OpenSSH")
          .hint(
              "put it back from a backup, or move it away: then there is a new one, and clients warn")
          .because(wrong);
    }
  }

  /** The first of several processes makes it, because a link does not replace an existing file. */
  private static void make(Path folder, Path file) throws IOException, GeneralSecurityException {
    KeyPair key = KeyUtils.generateKeyPair(KeyPairProvider.SSH_ED25519, 256);
    ByteArrayOutputStream text = new ByteArrayOutputStream();
    OpenSSHKeyPairResourceWriter.INSTANCE.writePrivateKey(key, "mica", null, text);
    Path scratch =
        Files.createTempFile(
            folder,
            "." + NAME,
            "",
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    try {
      try (FileChannel out = FileChannel.open(scratch, StandardOpenOption.WRITE)) {
        var bytes = java.nio.ByteBuffer.wrap(text.toByteArray());
        while (bytes.hasRemaining()) {
          out.write(bytes);
        }
        out.force(true);
      }
      Files.createLink(file, scratch);
      try (FileChannel directory = FileChannel.open(folder, StandardOpenOption.READ)) {
        directory.force(true);
      }
    } catch (FileAlreadyExistsException other) {
      return; // another server was faster, and its key is the host's
    } finally {
      Files.deleteIfExists(scratch);
    }
  }

  private static void requireOwn(Path file) throws IOException {
    PosixFileAttributes is =
        Files.readAttributes(file, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
    PosixFileAttributes home =
        Files.readAttributes(file.resolveSibling("."), PosixFileAttributes.class);
    if (!is.isRegularFile() || is.size() > LARGEST) {
      throw refused(file, "it is not a key file", "move it away");
    }
    if (!is.owner().equals(home.owner())) {
      throw refused(file, "it belongs to " + is.owner().getName(), "chown it, or move it away");
    }
    Set<PosixFilePermission> others = is.permissions();
    if (others.stream().anyMatch(each -> !each.name().startsWith("OWNER_"))) {
      throw refused(
          file,
          "others may use it (mode " + PosixFilePermissions.toString(others) + ")",
          "if nobody has read it, run: chmod 600 " + file);
    }
  }

  private static MicaException refused(Path file, String why, String hint) {
    return MicaException.denied("use the host key", file, why).hint(hint);
  }

  private static KeyPair read(Path file) throws IOException, GeneralSecurityException {
    byte[] text = Files.readAllBytes(file);
    try (InputStream in = new ByteArrayInputStream(text)) {
      for (KeyPair key :
          OpenSSHKeyPairResourceParser.INSTANCE.loadKeyPairs(
              null, NamedResource.ofName(NAME), null, in)) {
        if (KeyPairProvider.SSH_ED25519.equals(KeyUtils.getKeyType(key))) {
          return key;
        }
      }
      throw new GeneralSecurityException("no key of that type");
    } catch (IOException wrong) {
      throw new GeneralSecurityException(wrong);
    }
  }
}
