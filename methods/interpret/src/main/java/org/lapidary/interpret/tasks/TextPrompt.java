package org.lapidary.interpret.tasks;

import java.util.List;

/**
 * A prompt as text.
 *
 * @param clean what is to be continued
 * @param corrupted the same with another right answer
 * @param answers what may follow the clean text, with the blank before it where there is one
 * @param others of the same kind, which may not; among them what may follow the corrupted text
 */
public record TextPrompt(
    String clean, String corrupted, List<String> answers, List<String> others) {
  public TextPrompt {
    answers = List.copyOf(answers);
    others = List.copyOf(others);
  }
}
