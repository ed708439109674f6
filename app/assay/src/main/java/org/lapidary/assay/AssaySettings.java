package org.lapidary.assay;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.lapidary.compress.slim.Budget;

/**
 * What an assay is asked for.
 *
 * @param model a Hugging Face folder or llama2.c file; null trains the built-in model
 * @param text UTF-8 text to measure on; null lets the model write its own
 * @param budget how small, or how little may be lost
 * @param prompt text whose circuit is drawn; null takes the first held-out sequence
 * @param out folder to write
 * @param seed of everything random
 * @param maxMemory bytes of resident memory to stay under; 0 sets no bound
 * @param effort how much is looked at
 */
public record AssaySettings(
    @Nullable Path model,
    @Nullable Path text,
    Budget budget,
    @Nullable String prompt,
    Path out,
    long seed,
    long maxMemory,
    Effort effort) {

  public AssaySettings withMaxMemory(long bytes) {
    return new AssaySettings(model, text, budget, prompt, out, seed, bytes, effort);
  }
}
