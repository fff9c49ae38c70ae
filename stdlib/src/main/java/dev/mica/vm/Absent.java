package dev.mica.vm;

import dev.mica.MicaException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

final class Absent implements Machine {
  private static MicaException no() {
    return MicaException.failed("run", "a helper VM", "there is none yet");
  }

  @Override
  public Optional<MicaException> refusal() {
    return Optional.of(no());
  }

  @Override
  public Start boot() {
    throw no();
  }

  @Override
  public Status status() {
    return new Status(State.NONE, 0, Optional.empty(), "", "", 0);
  }

  @Override
  public Agent agent() {
    throw no();
  }

  @Override
  public Share plugShare(Path folder, boolean readOnly) {
    throw no();
  }

  @Override
  public void unplugShare(String tag) {}

  @Override
  public List<Share> shares() {
    return List.of();
  }

  @Override
  public Path plugPort(String name) {
    throw no();
  }

  @Override
  public void unplugPort(String name) {}

  @Override
  public List<String> ports() {
    return List.of();
  }

  @Override
  public Path consoleLog() {
    throw no();
  }

  @Override
  public void shutdown() {}

  @Override
  public void kill() {}
}
