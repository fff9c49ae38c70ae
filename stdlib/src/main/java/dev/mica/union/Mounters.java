package dev.mica.union;

import dev.mica.core.Capability;
import dev.mica.core.OpenDirectory;
import dev.mica.failure.MicaException;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The mounters of this host, in the order in which they are tried. */
final class Mounters {
  /** Why the kernel does not let this process mount overlays. */
  static final String NEEDS_ROOT = "only root may mount the kernel's overlayfs";

  private static final String WITHOUT = "MICA_WITHOUT";

  private final Helper helper;
  private final Supplier<String> without;

  /** With what {@code MICA_WITHOUT}, or the system property {@code mica.without}, leaves. */
  Mounters(Helper helper) {
    this(
        helper,
        () -> System.getProperty("mica.without", System.getenv().getOrDefault(WITHOUT, "")));
  }

  Mounters(Helper helper, Supplier<String> without) {
    this.helper = helper;
    this.without = without;
  }

  /** The one of that name. */
  Mounter of(UnionSpec.Via via) {
    return switch (via) {
      case KERNEL, AUTO -> new KernelMounter();
      case FUSE -> new FuseMounter();
      case GUEST -> new GuestMounter(helper);
    };
  }

  /** The one of that name, or all of them. */
  List<Mounter> candidates(UnionSpec.Via via) {
    return via == UnionSpec.Via.AUTO
        ? Stream.of(UnionSpec.Via.KERNEL, UnionSpec.Via.FUSE, UnionSpec.Via.GUEST)
            .map(this::of)
            .toList()
        : List.of(of(via));
  }

  /** {@link Mounter#refusal}, of those that are not declared unavailable. */
  Optional<Refusal> refusal(
      Mounter mounter, OpenDirectory place, Function<OpenDirectory, Set<Capability>> probe) {
    return declared(mounter.via()).or(() -> mounter.refusal(place, probe));
  }

  /** {@link Mounter#trial}, likewise. */
  Optional<Refusal> trial(UnionSpec.Via via, OpenDirectory directory) {
    return declared(via).or(() -> of(via).trial(directory));
  }

  private Optional<Refusal> declared(UnionSpec.Via via) {
    return without().contains(via)
        ? Optional.of(
            Refusal.because(
                word(via) + " is declared unavailable by " + WITHOUT + "=" + without.get()))
        : Optional.empty();
  }

  private Set<UnionSpec.Via> without() {
    Set<UnionSpec.Via> vias = EnumSet.noneOf(UnionSpec.Via.class);
    List<String> known = new ArrayList<>();
    for (UnionSpec.Via via : EnumSet.complementOf(EnumSet.of(UnionSpec.Via.AUTO))) {
      known.add(word(via));
    }
    for (String one : without.get().split(",", -1)) {
      if (known.contains(one.strip())) {
        vias.add(UnionSpec.Via.valueOf(one.strip().toUpperCase(Locale.ROOT)));
      } else if (!one.isBlank()) {
        throw MicaException.usage(
            "use " + WITHOUT,
            one.strip(),
            "it is none of " + known.stream().collect(Collectors.joining(", ")));
      }
    }
    return vias;
  }

  /** As people write it. */
  static String word(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT).replace('_', ' ');
  }
}
