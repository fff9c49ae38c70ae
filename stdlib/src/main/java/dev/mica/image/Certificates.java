package dev.mica.image;

import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import javax.net.ssl.X509TrustManager;
import org.jspecify.annotations.Nullable;

/**
 * Whose word is taken for who a registry is: the JDK's list of authorities, and those that lie in
 * {@code certs.d/HOST} of Podman and Docker as {@code *.crt}.
 */
final class Certificates {
  private static final List<Path> SYSTEM =
      List.of(Path.of("/etc/containers/certs.d"), Path.of("/etc/docker/certs.d"));

  private Certificates() {}

  /** What to connect to an endpoint with. */
  static SSLContext context(Endpoint endpoint, Map<String, String> environment) {
    try {
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, managers(endpoint, environment), null);
      return context;
    } catch (GeneralSecurityException | IOException broken) {
      throw MicaException.failed(
              "prepare TLS for", endpoint.label(), String.valueOf(broken.getMessage()))
          .because(broken);
    }
  }

  private static TrustManager @Nullable [] managers(
      Endpoint endpoint, Map<String, String> environment)
      throws GeneralSecurityException, IOException {
    if (endpoint.insecure()) {
      return new TrustManager[] {new Anybody()};
    }
    List<Path> files = files(endpoint, environment);
    if (files.isEmpty()) {
      return null; // the JDK's own
    }
    KeyStore all = KeyStore.getInstance(KeyStore.getDefaultType());
    all.load(null, null);
    int number = 0;
    for (X509Certificate known : known()) {
      all.setCertificateEntry("known-" + number++, known);
    }
    for (Path file : files) {
      for (Certificate own : read(file)) {
        all.setCertificateEntry("own-" + number++, own);
      }
    }
    return factory(all).getTrustManagers();
  }

  private static List<Path> files(Endpoint endpoint, Map<String, String> environment) {
    List<Path> folders = new ArrayList<>();
    Optional.ofNullable(environment.get("HOME"))
        .filter(home -> !home.isEmpty())
        .ifPresent(home -> folders.add(Path.of(home, ".config", "containers", "certs.d")));
    folders.addAll(SYSTEM);
    return folders.stream()
        .map(folder -> folder.resolve(endpoint.host()))
        .flatMap(Certificates::list)
        .toList();
  }

  private static Stream<Path> list(Path folder) {
    try (Stream<Path> files = Files.list(folder)) {
      return files.filter(file -> file.toString().endsWith(".crt")).sorted().toList().stream();
    } catch (NoSuchFileException | NotDirectoryException none) {
      return Stream.empty();
    } catch (IOException broken) {
      throw MicaException.failed("list", folder, Why.of(broken)).because(broken);
    }
  }

  private static List<Certificate> read(Path file) throws GeneralSecurityException {
    try (InputStream in = Files.newInputStream(file)) {
      return List.copyOf(CertificateFactory.getInstance("X.509").generateCertificates(in));
    } catch (IOException broken) {
      throw MicaException.failed("read", file, Why.of(broken)).because(broken);
    }
  }

  private static List<X509Certificate> known() throws GeneralSecurityException {
    List<X509Certificate> all = new ArrayList<>();
    for (TrustManager manager : factory(null).getTrustManagers()) {
      if (manager instanceof X509TrustManager one) {
        all.addAll(List.of(one.getAcceptedIssuers()));
      }
    }
    return all;
  }

  private static TrustManagerFactory factory(@Nullable KeyStore store)
      throws GeneralSecurityException {
    TrustManagerFactory factory =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    factory.init(store);
    return factory;
  }

  /** For a registry that the configuration calls insecure: digests are what is believed of it. */
  private static final class Anybody extends X509ExtendedTrustManager {
    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}
  }
}
