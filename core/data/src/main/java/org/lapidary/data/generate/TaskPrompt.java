package org.lapidary.data.generate;

/**
 * A prompt of a task, and the same prompt without the clue.
 *
 * @param clean ids whose continuation is known
 * @param corrupted as many ids; the part that tells the answer is replaced
 * @param answers the ids that may come next after {@code clean}
 * @param distractors ids of the same kind that may not
 */
public record TaskPrompt(
    Task task, int[] clean, int[] corrupted, int[] answers, int[] distractors) {}
