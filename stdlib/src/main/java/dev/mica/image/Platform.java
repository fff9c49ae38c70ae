package dev.mica.image;

import dev.mica.failure.MicaException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * What an image runs on, in the words of OCI (which are those of Go).
 *
 * @param os {@code linux}
 * @param architecture {@code amd64}, {@code arm64}
 * @param variant {@code v7} of {@code arm}; {@code v8} of {@code arm64} goes without saying
 */
record Platform(String os, String architecture, Optional<String> variant) {
  private static final Pattern WORD = Pattern.compile("[a-z0-9_.-]+");

  /** The same under its usual name: {@code x86_64} is {@code amd64}. */
  public Platform {
    architecture =
        switch (architecture) {
          case "x86_64", "x86-64" -> "amd64";
          case "aarch64" -> "arm64";
          case "armhf" -> "arm";
          case "i386", "i686", "x86" -> "386";
          default -> architecture;
        };
    String by = architecture;
    variant =
        variant
            .filter(one -> !one.isEmpty())
            .filter(one -> !(by.equals("arm64") && one.equals("v8")));
  }

  /** {@code OS/ARCHITECTURE}, with {@code /VARIANT} where there is one. */
  public static Platform parse(String text) {
    List<String> words = List.of(text.toLowerCase(Locale.ROOT).split("/", -1));
    if (words.size() < 2
        || words.size() > 3
        || !words.stream().allMatch(word -> WORD.matcher(word).matches())) {
      throw MicaException.usage("read the platform", text, "it is not OS/ARCHITECTURE[/VARIANT]")
          .hint("write linux/amd64, or linux/arm/v7");
    }
    return new Platform(
        words.get(0),
        words.get(1),
        words.size() == 3 ? Optional.of(words.get(2)) : Optional.empty());
  }

  /** The one of this machine. */
  public static Platform ofHost() {
    return new Platform("linux", System.getProperty("os.arch"), Optional.empty());
  }

  /** Whether an image for it runs on {@code host}, which may leave the variant open. */
  boolean isFor(Platform host) {
    return os.equals(host.os)
        && architecture.equals(host.architecture)
        && (host.variant.isEmpty() || variant.isEmpty() || variant.equals(host.variant));
  }

  /**
   * The first of {@code all} that is for {@code wanted}, one with just the wanted variant before
   * others; those that say no platform are only taken where there is but one. Fails, naming those
   * there are.
   *
   * @param image the name of the image, for the error
   */
  public static <T> T choose(
      String image, List<T> all, Function<T, Optional<Platform>> platform, Platform wanted) {
    Optional<T> exact =
        all.stream()
            .filter(one -> platform.apply(one).filter(wanted::equals).isPresent())
            .findFirst();
    return exact
        .or(() ->
            all.stream()
                .filter(one -> platform.apply(one).filter(its -> its.isFor(wanted)).isPresent())
                .findFirst())
        .or(() ->
            all.size() == 1 && platform.apply(all.getFirst()).isEmpty()
                ? Optional.of(all.getFirst())
                : Optional.empty())
        .orElseThrow(() -> missing(image, all.stream().map(platform).toList(), wanted));
  }

  private static MicaException missing(
      String image, List<Optional<Platform>> all, Platform wanted) {
    String there =
        all.stream()
            .flatMap(Optional::stream)
            .map(Platform::toString)
            .filter(one -> !one.startsWith("unknown/"))
            .distinct()
            .collect(Collectors.joining(", "));
    MicaException failure =
        MicaException.failed("choose from", image, "it has no image for " + wanted);
    return there.isEmpty()
        ? failure
        : failure.hint("name one of those that it has: --platform " + there);
  }

  @Override
  public String toString() {
    return os + "/" + architecture + variant.map(one -> "/" + one).orElse("");
  }
}
