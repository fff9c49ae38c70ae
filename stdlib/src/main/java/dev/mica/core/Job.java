package dev.mica.core;

import dev.mica.job.Activity;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;

/**
 * {@code struct mica_job}. Its memory lives as long as anything can reach it, so that cancelling
 * what has just ended is harmless.
 */
final class Job implements Activity.Work {
  static final long CANCEL = 0;
  static final long THREADS = 4;
  static final long ENTRIES = 8;
  static final long BYTES = 16;
  static final long UNKEPT = 24;
  static final long UNKEPT_FLAGS = 32;
  static final long SIZE = 40;

  private static final VarHandle INT = ValueLayout.JAVA_INT.varHandle();
  private static final VarHandle LONG = ValueLayout.JAVA_LONG.varHandle();

  final MemorySegment memory = Arena.ofAuto().allocate(SIZE, 8);

  @Override
  public long entries() {
    return (long) LONG.getOpaque(memory, ENTRIES);
  }

  @Override
  public long bytes() {
    return (long) LONG.getOpaque(memory, BYTES);
  }

  /** What a layer that was captured has not of what its source had. */
  UnkeptFlags unkept() {
    return new UnkeptFlags(
        (long) LONG.getAcquire(memory, UNKEPT), (int) INT.getAcquire(memory, UNKEPT_FLAGS));
  }

  @Override
  public void cancel() {
    INT.setRelease(memory, CANCEL, 1);
  }
}
