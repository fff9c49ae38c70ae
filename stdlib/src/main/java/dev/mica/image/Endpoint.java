package dev.mica.image;

import java.net.URI;
import java.util.Locale;

/**
 * One place that a repository is asked for at: the registry itself, or a mirror of it.
 *
 * @param host with its port where one is said
 * @param repository there
 * @param insecure whether its certificate may be anybody's, or missing: then it speaks plain HTTP
 */
record Endpoint(String host, String repository, boolean insecure) {
  /** How people call it. */
  String label() {
    return host + "/" + repository;
  }

  /** Docker's own registry answers under another name than people write. */
  URI at(String scheme) {
    return URI.create(scheme + "://" + (host.equals("docker.io") ? "registry-1.docker.io" : host));
  }

  /** Whether nothing that is sent there leaves this machine. */
  boolean isLoopback() {
    String name = host.toLowerCase(Locale.ROOT).replaceFirst(":[0-9]+$", "");
    return name.equals("localhost")
        || name.equals("[::1]")
        || name.matches("127\\.[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,3}");
  }
}
