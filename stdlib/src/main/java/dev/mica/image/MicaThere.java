package dev.mica.image;

import dev.mica.failure.MicaException;
import dev.mica.remote.SshProgram;
import java.util.List;
import java.util.Optional;

/** A command of the Mica on another host. */
record MicaThere(String verb, RemotePlace place) implements SshProgram.Errand {
  static final String AGAIN = "try again: what has arrived is kept";
  private static final int CONNECTION = 255;
  private static final int NOT_FOUND = 127;
  private static final int DENIED = 3;

  @Override
  public List<String> words() {
    return List.of("mica", "commit", verb, place.ref());
  }

  @Override
  public String hint() {
    return AGAIN;
  }

  @Override
  public Optional<MicaException> why(String doing, int status, List<String> said) {
    List<String> remarks = remarks(said);
    if (status > 0 && status != CONNECTION && !remarks.isEmpty()) {
      String why = "the other Mica says: " + remarks.getLast();
      return Optional.of(
          status == DENIED
              ? MicaException.denied(doing, place, why)
              : MicaException.failed(doing, place, why));
    }
    return status != NOT_FOUND
        ? Optional.empty()
        : Optional.of(
            MicaException.failed(doing, place, "there is no program mica on its PATH")
                .hint("install Mica there, or give the port of its mica serve"));
  }

  /** What it remarks, for people. */
  static List<String> remarks(List<String> said) {
    return said.stream()
        .filter(line -> line.startsWith("mica: "))
        .map(line -> line.substring(6))
        .toList();
  }
}
