package dev.mica.scripting.words;

import dev.mica.container.VmSpec;
import java.util.ArrayList;
import java.util.List;

/** A VM in a plan. It is not there, and nothing of this makes it. */
public final class PlannedVm {
  private final VmSpec spec;
  private final List<String> commits = new ArrayList<>();
  private boolean started;

  PlannedVm(VmSpec spec) {
    this.spec = spec;
  }

  /** How it would be called. */
  public String name() {
    return String.valueOf(spec.name());
  }

  /** It would be started, too. */
  public PlannedVm start() {
    started = true;
    return this;
  }

  /** What its program has changed by then would be kept as that commit, {@code NAME:TAG}. */
  public PlannedVm commit(String ref) {
    commits.add(ref);
    return this;
  }

  /** In that order. */
  List<String> commits() {
    return List.copyOf(commits);
  }

  VmSpec spec() {
    return spec;
  }

  boolean isStarted() {
    return started;
  }

  @Override
  public String toString() {
    return name();
  }
}
