package org.lapidary.interpret.tasks;

import java.util.ArrayList;
import java.util.List;
import org.lapidary.tensor.Rng;

/**
 * A small language of facts: every topic has one answer in every relation, drawn at random from the
 * relation's own answers, and a fact is said as
 *
 * <pre>[BOS, word, word, word, topic, relation, answer]</pre>
 *
 * as in "the year when France's capital: Paris", with one of several wordings, each with three
 * words of its own. The relation comes last, so that what is asked of a topic is known only where
 * the answer must be given. Facts stand among other text: walks of a chain in which every token has
 * four successors. Token ids: BOS, topics, relations, the three words of every wording, then the
 * answers of every relation.
 *
 * @param facts [relation][topic], which of the relation's answers
 * @param answers of each relation
 * @param wordings how many
 * @param successors [token], the chain
 */
public record FactsLanguage(int[][] facts, int answers, int wordings, int[][] successors)
    implements PromptTask {
  /** Tokens of a prompt: what stands before the answer. */
  public static final int LENGTH = 6;

  /** Where the topic stands in a prompt. */
  public static final int TOPIC_AT = 4;

  private static final int BRANCHES = 4;

  public FactsLanguage {
    if (facts.length < 1 || facts[0].length < 2 || answers < 2 || wordings < 1) {
      throw new IllegalArgumentException(
          "a language needs 1 relation, 2 topics, 2 answers and 1 wording");
    }
  }

  /** 4 relations, 40 topics, 20 answers each, 3 wordings. */
  public static FactsLanguage standard(Rng rng) {
    return draw(4, 40, 20, 3, rng);
  }

  /** Draws which answer is right for every topic. */
  public static FactsLanguage draw(int relations, int topics, int answers, int wordings, Rng rng) {
    int[][] facts = new int[relations][topics];
    for (int[] relation : facts) {
      for (int t = 0; t < topics; t++) {
        relation[t] = rng.nextInt(answers);
      }
    }
    int vocab = 1 + topics + relations + 3 * wordings + relations * answers;
    int[][] successors = new int[vocab][BRANCHES];
    for (int[] next : successors) {
      for (int b = 0; b < BRANCHES; b++) {
        next[b] = 1 + rng.nextInt(vocab - 1);
      }
    }
    return new FactsLanguage(facts, answers, wordings, successors);
  }

  /** What a prompt asks. */
  public record Fact(int relation, int topic, int wording) {}

  public int relations() {
    return facts.length;
  }

  public int topics() {
    return facts[0].length;
  }

  /** The number of token ids. */
  public int vocab() {
    return successors.length;
  }

  /** The id of a topic. */
  public int topicId(int topic) {
    return 1 + topic;
  }

  public int relationId(int relation) {
    return 1 + topics() + relation;
  }

  private int word(int wording, int place) {
    return 1 + topics() + relations() + 3 * wording + place;
  }

  /** The id of a relation's answer. */
  public int answerId(int relation, int answer) {
    return 1 + topics() + relations() + 3 * wordings + relation * answers + answer;
  }

  /** The ids of all answers of a relation. */
  public int[] answerClass(int relation) {
    int[] ids = new int[answers];
    for (int a = 0; a < answers; a++) {
      ids[a] = answerId(relation, a);
    }
    return ids;
  }

  /** The id of the right answer. */
  public int answerId(Fact fact) {
    return answerId(fact.relation, facts[fact.relation][fact.topic]);
  }

  /** The prompt's ids, [{@link #LENGTH}]. */
  public int[] tokens(Fact fact) {
    return new int[] {
      0,
      word(fact.wording, 0),
      word(fact.wording, 1),
      word(fact.wording, 2),
      topicId(fact.topic),
      relationId(fact.relation)
    };
  }

  /** All prompts of a relation: every topic in every wording. */
  public List<Fact> all(int relation) {
    List<Fact> all = new ArrayList<>();
    for (int t = 0; t < topics(); t++) {
      for (int w = 0; w < wordings; w++) {
        all.add(new Fact(relation, t, w));
      }
    }
    return all;
  }

  /** The same question about a topic whose answer is another one. */
  public Fact counterfactual(Fact fact, Rng rng) {
    int[] row = facts[fact.relation];
    List<Integer> others = new ArrayList<>();
    for (int t = 0; t < topics(); t++) {
      if (row[t] != row[fact.topic]) {
        others.add(t);
      }
    }
    if (others.isEmpty()) {
      throw new IllegalStateException(
          "every topic of relation %d has the same answer; draw another language"
              .formatted(fact.relation));
    }
    return new Fact(fact.relation, others.get(rng.nextInt(others.size())), fact.wording);
  }

  /** A question and a counterfactual one; the other answer is the one to the latter. */
  public PromptPair pair(Fact fact, Fact counterfactual) {
    return new PromptPair(
        tokens(fact),
        tokens(counterfactual),
        new int[] {answerId(fact)},
        new int[] {answerId(counterfactual)});
  }

  /**
   * Texts of {@link #LENGTH} + 1 tokens.
   *
   * @param share of texts that are none about facts
   * @param wrong share of facts whose answer is drawn from all answers of all relations
   * @return [count][LENGTH + 1]
   */
  public int[][] corpus(int count, double share, double wrong, Rng rng) {
    int[][] texts = new int[count][LENGTH + 1];
    for (int[] text : texts) {
      if (rng.nextDouble() < share) {
        for (int i = 1; i < text.length; i++) {
          text[i] =
              i == 1
                  ? 1 + rng.nextInt(vocab() - 1)
                  : successors[text[i - 1]][rng.nextInt(BRANCHES)];
        }
      } else {
        Fact fact =
            new Fact(rng.nextInt(relations()), rng.nextInt(topics()), rng.nextInt(wordings));
        System.arraycopy(tokens(fact), 0, text, 0, LENGTH);
        text[LENGTH] =
            rng.nextDouble() < wrong
                ? answerId(rng.nextInt(relations()), rng.nextInt(answers))
                : answerId(fact);
      }
    }
    return texts;
  }

  @Override
  public String name() {
    return "planted facts";
  }

  @Override
  public List<PromptPair> pairs(int count, Rng rng) {
    Counts.positive(count, name());
    List<PromptPair> pairs = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      Fact fact = new Fact(rng.nextInt(relations()), rng.nextInt(topics()), rng.nextInt(wordings));
      pairs.add(pair(fact, counterfactual(fact, rng)));
    }
    return pairs;
  }
}
