package dev.mica.union;

import dev.mica.core.OpenDirectory;
import dev.mica.failure.MicaException;
import dev.mica.state.LockedState;
import dev.mica.state.StateDir;
import dev.mica.text.PathBytes;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Chooses the mounter of a union that is about to be made, by trying which ones work there. */
record MounterChoice(StateDir state, UnionStore store) {
  /** The mounter that was asked for, or the first one that works. */
  UnionIntent choose(LockedState locked, UnionIntent intent) {
    try (OpenDirectory place = place(intent)) {
      return choose(locked, intent, place);
    }
  }

  private UnionIntent choose(LockedState locked, UnionIntent intent, OpenDirectory place) {
    List<Refusal> refusals = new ArrayList<>();
    for (Mounter mounter : store.mounters().candidates(intent.union().via())) {
      Optional<Refusal> refusal =
          ownWork(intent.union(), mounter)
              .or(() -> oddBytes(intent.union(), mounter))
              .or(() -> store.mounters().refusal(mounter, place, locked::probe));
      if (refusal.isEmpty()) {
        return intent.via(mounter.via());
      }
      refusals.add(refusal.get());
    }
    throw refused(intent.union(), refusals);
  }

  /** If root could do it, the error says that root is missing. */
  private MicaException refused(UnionRecord union, List<Refusal> refusals) {
    String doing = "create the union " + union.name() + " at";
    if (refusals.equals(List.of(Refusal.toOthersThanRoot(Mounters.NEEDS_ROOT)))) {
      return MicaException.denied(doing, union.at(), Mounters.NEEDS_ROOT)
          .hint("run it as root, or say via fuse");
    }
    String why =
        "with "
            + placeTried(union)
            + ": "
            + refusals.stream().map(Refusal::why).collect(Collectors.joining("; and "));
    if (refusals.stream().anyMatch(Refusal::needsRoot)) {
      return MicaException.denied(doing, union.at(), why).hint("run it as root");
    }
    return MicaException.failed(doing, union.at(), why)
        .hint("see 'mica doctor' for what this host can do");
  }

  private static Optional<Refusal> ownWork(UnionRecord union, Mounter mounter) {
    boolean own = union.work() != null && !union.workMade();
    return own && mounter.via() == UnionSpec.Via.GUEST
        ? Optional.of(Refusal.because("a helper VM cannot use the work directory " + union.work()))
        : Optional.empty();
  }

  /** Programs get paths as text. */
  private static Optional<Refusal> oddBytes(UnionRecord union, Mounter mounter) {
    return Stream.concat(union.stack().stream(), Stream.of(union.at()))
        .filter(path -> mounter.via() != UnionSpec.Via.KERNEL && !PathBytes.isText(path))
        .map(path ->
            Mounters.word(mounter.via())
                + " cannot take "
                + PathBytes.printable(path)
                + ", which is not named in UTF-8")
        .map(Refusal::because)
        .findFirst();
  }

  /**
   * The directory in which the mounter is tried: on the upper's file system, but not in the upper.
   */
  private OpenDirectory place(UnionIntent intent) {
    UnionRecord union = intent.union();
    if (union.upper() == null) {
      return state.open();
    }
    return union.work() == null || union.workMade()
        ? UnionSetup.besides(intent)
        : UnionSetup.work(intent);
  }

  private String placeTried(UnionRecord union) {
    return union.upper() == null ? "no upper" : "the upper " + union.upper();
  }
}
