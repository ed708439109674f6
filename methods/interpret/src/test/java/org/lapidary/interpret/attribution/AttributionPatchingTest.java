package org.lapidary.interpret.attribution;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.lapidary.evidence.Correlation;
import org.lapidary.interpret.circuit.Circuit;
import org.lapidary.interpret.circuit.Faithfulness;
import org.lapidary.nn.DecoderConfig;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.LanguageModeling;

class AttributionPatchingTest {
  private static final int[] CLEAN = {1, 4, 2, 7, 3};
  private static final int[] CORRUPTED = {1, 4, 5, 7, 3};
  private static final UnaryOperator<Tensor> METRIC =
      logits -> logits.select(1, -1).select(1, 6).sub(logits.select(1, -1).select(1, 2)).sum();

  private static Model model(double scale) {
    Model model = Model.random(DecoderConfig.gpt(11, 16, 2, 4, 8, "gelu"), new Rng(5));
    model.layer().parameters().values().stream()
        .filter(p -> p.tensor().rank() == 2)
        .forEach(p -> p.set(p.value().mul(scale)));
    return model;
  }

  @Test
  void whatTheLastBlockWritesIsLinearButForTheNormSoThatSmallChangesAreMetExactly() {
    Model model = model(4);
    Attributions found = AttributionPatching.defaults().of(model, CLEAN, CORRUPTED, METRIC);
    assertThat(found.clean()).isNotEqualTo(found.corrupted());
    for (String site : new String[] {"blocks.1.hook_mlp_out", "blocks.1.attn.hook_z"}) {
      double[] exact = AttributionPatching.exact(model, CLEAN, CORRUPTED, METRIC, site);
      for (int p = 0; p < CLEAN.length; p++) {
        double estimate = 0;
        for (double head : found.bySite().get(site)[p]) {
          estimate += head;
        }
        // only the last token's logits are read, and only it changes much here
        assertThat(estimate).isCloseTo(exact[p], within(0.3 * Math.abs(exact[4]) + 1e-6));
      }
    }
  }

  @Test
  void firstOrderErrsBySquaresOfTheChange() {
    Model model = model(3);
    double[] errors = new double[2];
    for (int i = 0; i < 2; i++) {
      double by = i == 0 ? 0.1 : 0.05;
      Model near = model.copy(); // token 5 nearly as token 2
      try (var ignored = Autograd.noGrad()) {
        Tensor rows = near.decoder().embedding().value().copy();
        Tensor two = rows.select(0, 2);
        Tensor mixed = two.add(rows.select(0, 5).sub(two).mul(by)).unsqueeze(0);
        near.decoder()
            .embedding()
            .set(Tensor.concat(0, rows.slice(0, 0, 5), mixed, rows.slice(0, 6, rows.size(0))));
      }
      String site = "blocks.0.hook_resid_pre";
      double estimate =
          new AttributionPatching(site).of(near, CLEAN, CORRUPTED, METRIC).bySite().get(site)[2][0];
      errors[i] =
          Math.abs(estimate - AttributionPatching.exact(near, CLEAN, CORRUPTED, METRIC, site)[2]);
    }
    assertThat(errors[0] / errors[1]).isBetween(3.0, 5.0);
  }

  @Test
  void attributionsOfWritersGoWithWhatPatchingDoes() {
    Model model = model(4);
    Attributions found = AttributionPatching.defaults().of(model, CLEAN, CORRUPTED, METRIC);
    double[] estimates = new double[20];
    double[] effects = new double[20];
    int n = 0;
    for (String site :
        new String[] {
          "blocks.0.attn.hook_z",
          "blocks.0.hook_mlp_out",
          "blocks.1.attn.hook_z",
          "blocks.1.hook_mlp_out"
        }) {
      double[] exact = AttributionPatching.exact(model, CLEAN, CORRUPTED, METRIC, site);
      for (int p = 0; p < CLEAN.length; p++, n++) {
        for (double head : found.bySite().get(site)[p]) {
          estimates[n] += head;
        }
        effects[n] = exact[p];
      }
    }
    assertThat(Correlation.pearson(estimates, effects)).isGreaterThan(0.9);
  }

  @Test
  void everySiteIsReachedAndPatternsAreSummedByQuery() {
    Attributions all = new AttributionPatching("**").of(model(3), CLEAN, CORRUPTED, METRIC);
    assertThat(all.bySite()).containsKeys("hook_embed", "hook_pos_embed", "ln_final.hook_scale");
    assertThat(all.bySite().get("blocks.0.attn.hook_pattern")).hasDimensions(5, 4);
    // before the changed token nothing differs
    assertThat(all.bySite().get("blocks.1.hook_resid_pre")[1]).containsExactly(0);
    assertThat(all.totals()).hasSameSizeAs(all.bySite());
  }

  @Test
  void aCircuitOfAllUnitsIsFaithfulAndOneOfNoneIsNot() {
    Model model = model(4);
    Attributions found = AttributionPatching.defaults().of(model, CLEAN, CORRUPTED, METRIC);
    Circuit whole = found.circuit(1000, 4);
    String sites = "{blocks.*.attn.hook_z,blocks.*.hook_mlp_out}";
    Map<String, Tensor> others =
        model.capture(LanguageModeling.tensor(new int[][] {CORRUPTED}), sites).map();
    Faithfulness all =
        Faithfulness.of(model, CLEAN, x -> METRIC.apply(x).item(), whole.units(), others);
    assertThat(all.faithfulness()).isCloseTo(1, within(1e-4));
    assertThat(all.completeness()).isCloseTo(1, within(1e-4));
    Faithfulness none =
        Faithfulness.of(model, CLEAN, x -> METRIC.apply(x).item(), Set.of(), others);
    assertThat(none.faithfulness()).isCloseTo(0, within(1e-4));
    assertThat(none.completeness()).isCloseTo(0, within(1e-4));
    assertThat(found.circuit(3, 4).edges()).hasSize(3);
  }

  @Test
  void badInputIsRefusedInWords() {
    Model model = model(1);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> AttributionPatching.defaults().of(model, CLEAN, new int[] {1, 2}, METRIC))
        .withMessageContaining("equal length")
        .withMessageContaining("5 tokens, the corrupted one 2");
    assertThatIllegalArgumentException()
        .isThrownBy(() ->
            new AttributionPatching("blocks.*.hook_resid_pr").of(model, CLEAN, CORRUPTED, METRIC))
        .withMessageContaining("hook_resid_pre");
    model
        .layer()
        .parameterAt("blocks.1.mlp.in.weight")
        .set(new Rng(1).normal(1, 64, 16).mul(Double.NaN));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> AttributionPatching.defaults().of(model, CLEAN, CORRUPTED, METRIC))
        .withMessageContaining("not finite");
    assertThatIllegalArgumentException()
        .isThrownBy(() ->
            Faithfulness.of(
                model(1),
                CLEAN,
                x -> 0,
                Set.of(new Faithfulness.Unit("blocks.0.hook_mlp_out", -1, 9)),
                model(1)
                    .capture(LanguageModeling.tensor(new int[][] {CLEAN}), "blocks.0.hook_mlp_out")
                    .map()))
        .withMessageContaining("outside");
  }
}
