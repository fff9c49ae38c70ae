package dev.mica.image;

import dev.mica.core.Compression;
import java.util.Locale;
import java.util.Set;

/** The media types of images, of OCI and of Docker. */
final class MediaTypes {
  static final String OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json";
  static final String OCI_INDEX = "application/vnd.oci.image.index.v1+json";
  static final String DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";
  static final String DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json";

  static final String OCI_CONFIG = "application/vnd.oci.image.config.v1+json";
  static final String LAYER_TAR = "application/vnd.oci.image.layer.v1.tar";
  static final String LAYER_GZIP = LAYER_TAR + "+gzip";
  static final String LAYER_ZSTD = LAYER_TAR + "+zstd";

  private static final Set<String> MANIFESTS = Set.of(OCI_MANIFEST, DOCKER_MANIFEST);
  private static final Set<String> INDEXES = Set.of(OCI_INDEX, DOCKER_LIST);

  private MediaTypes() {}

  /** Of one image. */
  static boolean isManifest(String type) {
    return MANIFESTS.contains(type);
  }

  /** Of several images. */
  static boolean isIndex(String type) {
    return INDEXES.contains(type);
  }

  /** The layer that begins with these bytes. */
  static String layer(byte[] begin) {
    if (begin.length >= 2 && begin[0] == 0x1f && begin[1] == (byte) 0x8b) {
      return LAYER_GZIP;
    }
    boolean zstd =
        begin.length >= 4
            && begin[0] == 0x28
            && begin[1] == (byte) 0xb5
            && begin[2] == 0x2f
            && begin[3] == (byte) 0xfd;
    return zstd ? LAYER_ZSTD : LAYER_TAR;
  }

  /** The layer that is stored so. */
  static String layer(Compression compression) {
    return switch (compression) {
      case PLAIN -> LAYER_TAR;
      case GZIP -> LAYER_GZIP;
      case ZSTD -> LAYER_ZSTD;
    };
  }

  /** The type without its parameters. */
  static String bare(String header) {
    int end = header.indexOf(';');
    return (end < 0 ? header : header.substring(0, end)).strip().toLowerCase(Locale.ROOT);
  }
}
