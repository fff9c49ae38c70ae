package dev.mica.image;

import dev.mica.failure.MicaException;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * One repository of a registry that speaks the distribution specification of OCI (or Docker's
 * registry API, version 2), with its mirrors. Several threads may use it at once.
 */
final class Registry implements ImageSource {
  static final int LONGEST_MANIFEST = 4 << 20;
  private static final int LONGEST_LIST = 1 << 20;
  private static final int TAGS_TOLD = 10;

  private static final String ACCEPTED =
      String.join(
          ",",
          MediaTypes.OCI_MANIFEST,
          MediaTypes.OCI_INDEX,
          MediaTypes.DOCKER_MANIFEST,
          MediaTypes.DOCKER_LIST);

  private final Reference reference;
  private final List<Connection> connections;
  private final List<String> mountable;

  /** The endpoint that answered last; the others are asked if it fails. */
  private volatile int last;

  private Registry(Reference reference, List<Connection> connections, List<String> mountable) {
    this.reference = reference;
    this.connections = connections;
    this.mountable = mountable;
  }

  /**
   * For reading the repository of {@code reference}, from its mirrors and from the registry itself.
   * Nothing is requested yet.
   *
   * @param environment the environment of the caller, which says where the caller's configuration
   *     and credentials are
   */
  public static Registry reader(Reference reference, Map<String, String> environment) {
    List<Connection> all =
        RegistriesConf.of(environment).readers(reference).stream()
            .map(endpoint ->
                new Connection(
                    endpoint, List.of(scope(endpoint.repository(), "pull")), environment))
            .toList();
    return new Registry(reference, all, List.of());
  }

  /**
   * For writing to it.
   *
   * @param mountable other repositories of the same registry, from which it may take blobs
   */
  public static Registry writer(
      Reference reference, List<String> mountable, Map<String, String> environment) {
    Endpoint endpoint = RegistriesConf.of(environment).writer(reference);
    List<String> scopes = new ArrayList<>();
    scopes.add(scope(endpoint.repository(), "pull,push"));
    mountable.forEach(other -> scopes.add(scope(other, "pull")));
    return new Registry(
        reference, List.of(new Connection(endpoint, scopes, environment)), List.copyOf(mountable));
  }

  /**
   * The reference that a text means, which need not contain a host. Without a host it is the first
   * registry of the search list in the configuration of {@code environment} that has the image. The
   * registries are asked only if there are several.
   */
  public static Reference meaning(String text, Map<String, String> environment) {
    List<Reference> all = RegistriesConf.of(environment).meanings(text);
    return all.subList(0, all.size() - 1).stream()
        .filter(one -> isThere(one, environment))
        .findFirst()
        .orElseGet(all::getLast); // its failure is the one to report
  }

  private static boolean isThere(Reference reference, Map<String, String> environment) {
    try (Registry registry = reader(reference, environment)) {
      Document _ = registry.manifest(reference.tagOrDigest());
      return true;
    } catch (MicaException missing) {
      return false;
    }
  }

  private static String scope(String repository, String actions) {
    return "repository:" + repository + ":" + actions;
  }

  @Override
  public String label() {
    return reference.name();
  }

  /**
   * The first answer of an endpoint that has it. The endpoint that answered last is asked first.
   */
  private <T> T first(Function<Connection, T> question) {
    int begin = last;
    MicaException failure = null;
    for (int i = 0; i < connections.size(); i++) {
      int at = (begin + i) % connections.size();
      try {
        T answer = question.apply(connections.get(at));
        last = at;
        return answer;
      } catch (MicaException missing) {
        // Of several failures, that of the registry itself is reported: it is the last in the list.
        if (failure == null || at == connections.size() - 1) {
          failure = missing;
        }
      }
    }
    throw failure == null ? MicaException.failed("ask", label(), "it is nowhere") : failure;
  }

  @Override
  public Document manifest(String tagOrDigest) {
    return first(connection -> manifest(connection, tagOrDigest));
  }

  private Document manifest(Connection connection, String tagOrDigest) {
    Endpoint endpoint = connection.endpoint();
    String name = endpoint.label() + (tagOrDigest.startsWith("sha256:") ? "@" : ":") + tagOrDigest;
    HttpResponse<InputStream> answer =
        get(
            connection,
            endpoint.repository() + "/manifests/" + tagOrDigest,
            Map.of("Accept", ACCEPTED));
    if (answer.statusCode() == 404) {
      throw missing(connection, tagOrDigest, name);
    }
    if (answer.statusCode() != 200) {
      throw Refused.of(answer, endpoint, "read the manifest of", name);
    }
    byte[] content = bounded(connection, answer, LONGEST_MANIFEST, name);
    String digest = Digests.of(content);
    Optional<String> said = answer.headers().firstValue("Docker-Content-Digest");
    if (tagOrDigest.startsWith("sha256:") && !tagOrDigest.equals(digest)) {
      throw lied(name, "its manifest has the digest " + digest);
    }
    if (said.isPresent() && !said.get().equals(digest)) {
      throw lied(name, "its manifest is announced as " + said.get() + " and is " + digest);
    }
    String type = answer.headers().firstValue("Content-Type").orElse("");
    return new Document(MediaTypes.bare(type), content);
  }

  private static HttpResponse<InputStream> get(
      Connection connection, String path, Map<String, String> headers) {
    try {
      return connection.ask(Connection.Ask.of("GET", connection.uri(path), headers));
    } catch (IOException broken) {
      throw connection.unreachable(broken);
    }
  }

  private static byte[] bounded(
      Connection connection, HttpResponse<InputStream> answer, int most, String name) {
    try (InputStream body = connection.watched(answer.body())) {
      byte[] content = body.readNBytes(most + 1);
      if (content.length > most) {
        throw lied(name, "its manifest is larger than " + most + " bytes");
      }
      return content;
    } catch (IOException cut) {
      throw connection.unreachable(cut);
    }
  }

  private static MicaException lied(String name, String why) {
    return MicaException.failed("read the manifest of", name, why);
  }

  /** The error that nothing was found, with the tags that exist if the registry lists them. */
  private static MicaException missing(Connection connection, String wanted, String name) {
    MicaException failure = MicaException.failed("find the image", name, "there is none");
    if (wanted.startsWith("sha256:")) {
      return failure;
    }
    List<String> tags = tags(connection);
    if (tags.isEmpty()) {
      return failure.hint("see whether the name is right");
    }
    String more = tags.size() > TAGS_TOLD ? " and " + (tags.size() - TAGS_TOLD) + " more" : "";
    return failure.hint(
        "take one of its tags: "
            + tags.stream().limit(TAGS_TOLD).collect(Collectors.joining(", "))
            + more);
  }

  private static List<String> tags(Connection connection) {
    String path = connection.endpoint().repository() + "/tags/list";
    HttpResponse<InputStream> answer = get(connection, path, Map.of());
    try (InputStream body = connection.watched(answer.body())) {
      JsonNode tags = JsonMapper.shared().readTree(body.readNBytes(LONGEST_LIST)).path("tags");
      return tags.valueStream()
          .map(tag -> tag.asString(""))
          .filter(tag -> !tag.isEmpty())
          .sorted(Comparator.reverseOrder())
          .toList();
    } catch (IOException | JacksonException silent) {
      return List.of(); // it is needed only for the message
    }
  }

  @Override
  public Blob open(Descriptor blob, long from) {
    return first(connection -> {
      try {
        return open(connection, blob, from);
      } catch (IOException broken) {
        throw connection.unreachable(broken);
      }
    });
  }

  private static Blob open(Connection connection, Descriptor blob, long from) throws IOException {
    Endpoint endpoint = connection.endpoint();
    Map<String, String> headers = from == 0 ? Map.of() : Map.of("Range", "bytes=" + from + "-");
    HttpResponse<InputStream> answer =
        connection.ask(
            Connection.Ask.of(
                "GET", connection.uri(endpoint.repository() + "/blobs/" + blob.digest()), headers));
    return BlobAnswer.read(connection, answer, blob, from);
  }

  private Connection writer() {
    return connections.getLast();
  }

  /** Sends a blob with the bytes of {@code file}, unless the registry has it already. */
  void put(Descriptor blob, Path file, Transfer transfer) {
    new Upload(writer(), blob, transfer).run(file, mountable);
  }

  /**
   * Sends a manifest under a tag, which makes the image visible. All blobs that it names must be
   * there.
   */
  void putManifest(Descriptor manifest, byte[] content, String tag) {
    Upload.manifest(writer(), manifest, content, tag);
  }

  @Override
  public void close() {
    connections.forEach(Connection::close);
  }
}
