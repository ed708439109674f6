package org.lapidary.workbench;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lapidary.assay.Corpus;
import org.lapidary.assay.Interpretations;
import org.lapidary.assay.PromptViews;
import org.lapidary.assay.Reports;
import org.lapidary.evidence.Progress;
import org.lapidary.interpret.attribution.AttributionPatching;
import org.lapidary.interpret.tasks.TextPrompts;
import org.lapidary.nn.Model;
import org.lapidary.report.Section;

/**
 * One look into a model from its page: a form, and the section that it gives.
 *
 * @param id in the address
 * @param title of its link
 * @param about it, in a sentence
 * @param fields of the form; none for a look that needs nothing
 */
record Look(String id, String title, String about, List<Field> fields, View view) {

  /**
   * An input of the form.
   *
   * @param name in the address
   * @param label before it
   * @param initial what stands in it at first
   * @param required whether it must not be empty
   * @param choices what may be chosen, or empty for anything
   */
  record Field(String name, String label, String initial, boolean required, List<String> choices) {}

  /** What the form was filled with. */
  record Filled(Map<String, String> values) {
    String text(String name) {
      return values.getOrDefault(name, "");
    }

    @Nullable String orNull(String name) {
      String text = text(name);
      return text.isBlank() ? null : text;
    }

    long number(String name) {
      try {
        return Long.parseLong(text(name).strip());
      } catch (NumberFormatException e) {
        throw new Refused(
            400, "'%s' is not a whole number, which '%s' must be".formatted(text(name), name));
      }
    }
  }

  /** What a look may ask of the desk beside its model. */
  interface Around {
    /** Another model. */
    Model open(String path);

    /** Texts that a model writes itself. */
    Corpus corpus(Model model, long seed);
  }

  /** What computes it. */
  interface View {
    Section of(Model model, Filled filled, Around around, Progress progress);
  }

  /** The look that needs no weights. */
  static final String GRAPH = "graph";

  private static Field needed(String name, String label, String initial) {
    return new Field(name, label, initial, true, List.of());
  }

  private static Field optional(String name, String label) {
    return new Field(name, label, "", false, List.of());
  }

  private static final Field PROMPT = needed("prompt", "Prompt", "Once upon a time");
  private static final Field SEED = needed("seed", "Seed", "0");

  /** All looks, in the order of the menu. */
  static final List<Look> ALL =
      List.of(
          new Look(
              GRAPH,
              "Graph",
              "Operations, sites and shapes; read from the configuration, before any weight is.",
              List.of(),
              (m, f, at, p) -> Reports.graph(m.config())),
          new Look(
              "next",
              "Prompt",
              "The likeliest next tokens of a prompt, and how surprising each of its tokens was.",
              List.of(PROMPT),
              (m, f, at, p) -> PromptViews.next(m, f.text("prompt"))),
          new Look(
              "attention",
              "Attention",
              "Which tokens every head of a block reads.",
              List.of(PROMPT, needed("layer", "Block", "0")),
              (m, f, at, p) ->
                  PromptViews.attention(m, f.text("prompt"), Math.toIntExact(f.number("layer")))),
          new Look(
              "patch",
              "Patch",
              "Takes an activation from the first prompt and computes the second with it. Without a position every position is tried in turn.",
              List.of(
                  needed("from", "Taken from", "One day, Lily met a dog"),
                  needed("into", "Put into", "One day, Tim met a dog"),
                  needed("site", "Site or glob", "blocks.*.hook_resid_post"),
                  optional("position", "Position")),
              (m, f, at, p) ->
                  PromptViews.patch(
                      m,
                      f.text("from"),
                      f.text("into"),
                      f.text("site"),
                      f.orNull("position") == null ? null : Math.toIntExact(f.number("position")))),
          new Look(
              "circuit",
              "Circuit",
              "What brings the likeliest next token of a prompt: heads, MLPs, embeddings. MLPs are single nodes here; with a transcoder their features are (see Features).",
              List.of(PROMPT, SEED),
              (m, f, at, p) ->
                  Interpretations.circuit(
                      m, at.corpus(m, f.number("seed")), f.text("prompt"), Map.of())),
          new Look(
              "attribute",
              "Attribute",
              "Where a difference between two prompts of equal length comes from, by attribution patching.",
              List.of(
                  needed("clean", "Prompt", "One day, Lily met a dog"),
                  needed("corrupt", "Changed prompt", "One day, Tim met a dog"),
                  optional("plus", "Token for"),
                  optional("minus", "Token against"),
                  needed("sites", "Sites", AttributionPatching.WRITTEN)),
              (m, f, at, p) ->
                  Interpretations.attribute(
                      m,
                      f.text("clean"),
                      f.text("corrupt"),
                      f.text("sites"),
                      f.orNull("plus"),
                      f.orNull("minus"))),
          new Look(
              "task",
              "Task",
              "The same for a pair of prompts of a known task.",
              List.of(
                  new Field(
                      "task",
                      "Task",
                      TextPrompts.values()[0].name().toLowerCase(java.util.Locale.ROOT),
                      true,
                      java.util.Arrays.stream(TextPrompts.values())
                          .map(t -> t.name().toLowerCase(java.util.Locale.ROOT))
                          .toList()),
                  needed("sites", "Sites", AttributionPatching.WRITTEN),
                  SEED),
              (m, f, at, p) ->
                  Interpretations.attribute(
                      m, task(f.text("task")), f.text("sites"), f.number("seed"))),
          new Look(
              "depth",
              "Depth",
              "What each block adds, and what skipping it changes.",
              List.of(SEED),
              (m, f, at, p) ->
                  Interpretations.depth(m, at.corpus(m, f.number("seed")), f.number("seed"))),
          new Look(
              "sparsity",
              "Sparsity",
              "Which hidden units fire, and the loss when only the largest may.",
              List.of(SEED),
              (m, f, at, p) -> Interpretations.sparsity(m, at.corpus(m, f.number("seed")), p)),
          new Look(
              "probe",
              "Probe",
              "How well each block's stream tells whether a certain token comes next.",
              List.of(needed("token", "Token", "the"), SEED),
              (m, f, at, p) ->
                  Interpretations.probe(
                      m, at.corpus(m, f.number("seed")), f.text("token"), f.number("seed"))),
          new Look(
              "compare",
              "Compare",
              "How alike the streams are at every pair of depths, of this model or of this one and another.",
              List.of(optional("with", "Other model"), SEED),
              (m, f, at, p) ->
                  Interpretations.compare(
                      m,
                      f.orNull("with") == null ? m : at.open(f.text("with")),
                      at.corpus(m, f.number("seed")),
                      f.number("seed"))),
          new Look(
              "anatomy",
              "Anatomy",
              "Settings, parameters, work and bytes per token, and the graph.",
              List.of(),
              (m, f, at, p) -> Reports.anatomy(m)));

  private static TextPrompts task(String typed) {
    for (TextPrompts task : TextPrompts.values()) {
      if (task.name().equalsIgnoreCase(typed)) {
        return task;
      }
    }
    throw new Refused(400, "there is no task '" + typed + "'");
  }

  /** The look of that id. */
  static Look of(String id) {
    return ALL.stream()
        .filter(look -> look.id().equals(id))
        .findFirst()
        .orElseThrow(() ->
            new Refused(
                "there is no look '%s'; there are %s"
                    .formatted(id, String.join(", ", ALL.stream().map(Look::id).toList()))));
  }
}
