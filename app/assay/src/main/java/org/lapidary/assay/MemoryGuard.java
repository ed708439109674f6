package org.lapidary.assay;

import org.lapidary.evidence.Progress;
import org.lapidary.tensor.ResidentMemory;

/**
 * Holds a job to its memory. Each time work reports, the resident memory is compared with the
 * bound; close to it memory is given back, and above it the job ends with an error that says so.
 *
 * @param limit bytes; 0 for no bound
 */
record MemoryGuard(Progress progress, long limit) implements Progress {
  private static final double CLOSE = 0.9;

  @Override
  public void begin(String what, long steps) {
    check(what);
    progress.begin(what, steps);
  }

  @Override
  public void step(long done, String note) {
    check(note);
    progress.step(done, note);
  }

  @Override
  public void end() {
    progress.end();
  }

  @Override
  public boolean stopped() {
    return progress.stopped();
  }

  private void check(String where) {
    if (limit == 0 || ResidentMemory.now() < CLOSE * limit) {
      return;
    }
    ResidentMemory.release();
    long now = ResidentMemory.now();
    if (now > limit) {
      throw new IllegalStateException(
          "stopped at '%s': %s are resident and --max-memory allows %s; give more, or a smaller model; what was done is in the report"
              .formatted(where, CostEstimate.size(now), CostEstimate.size(limit)));
    }
  }
}
