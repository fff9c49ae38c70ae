package dev.mica.scripting.words;

import dev.mica.container.VmSpec;

/** A VM in a plan. It is not there, and nothing of this makes it. */
public final class PlannedVm {
  private final VmSpec spec;
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
