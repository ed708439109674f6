package org.lapidary.assay;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.lapidary.evidence.Estimate;
import org.lapidary.nn.Activations;
import org.lapidary.nn.Model;
import org.lapidary.nn.Parameter;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Graph;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.LanguageModeling;

/**
 * What separates two language models of one vocabulary: structure, weights, activations at every
 * common site and outputs, on the same tokens.
 *
 * @param structure graphs aligned operation by operation
 * @param weights parameters that differ in value or shape, or that one of them lacks
 * @param sites activations, in the order of computation
 * @param firstDeparture the first site whose relative difference exceeds {@link #SAME}, or null
 * @param mostDeparture the site of the largest relative difference, or null if none differs
 * @param output distributions over the next token
 */
public record ModelDiff(
    Structure structure,
    List<Weight> weights,
    List<Site> sites,
    @Nullable String firstDeparture,
    @Nullable String mostDeparture,
    Output output) {

  /** Relative differences up to this are rounding. */
  public static final double SAME = 1e-4;

  /**
   * Graphs aligned by the longest common subsequence of their operations.
   *
   * @param common operations in both, in order
   * @param onlyFirst labels of operations of the first alone
   * @param onlySecond labels of operations of the second alone
   */
  public record Structure(int common, List<String> onlyFirst, List<String> onlySecond) {
    public boolean same() {
      return onlyFirst.isEmpty() && onlySecond.isEmpty();
    }
  }

  /**
   * One parameter.
   *
   * @param relative ||a - b|| / ||a||; NaN where it exists once or the shapes differ
   * @param zeros share of zeros in the second
   * @param note what else there is to say, or empty
   */
  public record Weight(String path, double relative, double zeros, String note) {}

  /**
   * One site.
   *
   * @param relative ||a - b|| / ||a|| over all tokens
   * @param cosine of the two, over all tokens
   */
  public record Site(String path, double relative, double cosine) {}

  /**
   * Next-token distributions, each figure with its interval over sequences.
   *
   * @param lossFirst nats per token
   * @param lossSecond nats per token
   * @param lossDifference second minus first, sequence by sequence
   * @param divergence KL(first || second) in nats per token
   * @param probabilityChange root mean square change of the probability of the token that came
   * @param agreement share of positions where both have the same likeliest token
   */
  public record Output(
      Estimate lossFirst,
      Estimate lossSecond,
      Estimate lossDifference,
      Estimate divergence,
      Estimate probabilityChange,
      Estimate agreement) {
    public double perplexityFirst() {
      return Math.exp(lossFirst.mean());
    }

    public double perplexitySecond() {
      return Math.exp(lossSecond.mean());
    }
  }

  /** Whether the models give the same outputs up to rounding. */
  public boolean same() {
    return firstDeparture == null && output.divergence().mean() < 1e-6;
  }

  /**
   * Compares two models.
   *
   * @param sequences token ids, all of one length, that both read
   * @throws IllegalArgumentException if the vocabularies differ in size
   */
  public static ModelDiff of(Model first, Model second, int[][] sequences) {
    int a = first.decoder().config().vocab();
    int b = second.decoder().config().vocab();
    if (a != b) {
      throw new IllegalArgumentException(
          "the models have vocabularies of %d and %d tokens; only models of one vocabulary can be compared"
              .formatted(a, b));
    }
    List<Site> sites = sites(first, second, sequences);
    String firstDeparture =
        sites.stream().filter(s -> s.relative() > SAME).map(Site::path).findFirst().orElse(null);
    String most =
        sites.stream()
            .filter(s -> s.relative() > SAME)
            .max(java.util.Comparator.comparingDouble(Site::relative))
            .map(Site::path)
            .orElse(null);
    return new ModelDiff(
        structure(first, second, sequences),
        weights(first, second),
        sites,
        firstDeparture,
        most,
        output(first, second, sequences));
  }

  private static Structure structure(Model first, Model second, int[][] sequences) {
    int[] short1 = Arrays.copyOf(sequences[0], Math.min(8, sequences[0].length));
    try (Scope scope = Scope.open()) {
      Tensor tokens = Tensor.of(short1, 1, short1.length);
      return align(labels(first.graph(tokens)), labels(second.graph(tokens)));
    }
  }

  private static List<String> labels(Graph graph) {
    return graph.nodes().stream()
        .map(n -> n.op().label() + " " + n.output().type().shape())
        .toList();
  }

  static Structure align(List<String> a, List<String> b) {
    Alignment alignment = Alignment.of(a, b);
    return new Structure(
        alignment.pairs().size(),
        alignment.onlyFirst().stream().map(a::get).toList(),
        alignment.onlySecond().stream().map(b::get).toList());
  }

  private static List<Weight> weights(Model first, Model second) {
    Map<String, Parameter> a = first.layer().state();
    Map<String, Parameter> b = second.layer().state();
    Set<String> paths = new LinkedHashSet<>(a.keySet());
    paths.addAll(b.keySet());
    List<Weight> differing = new ArrayList<>();
    for (String path : paths) {
      Parameter x = a.get(path);
      Parameter y = b.get(path);
      if (x == null || y == null) {
        differing.add(
            new Weight(
                path, Double.NaN, 0, x == null ? "only in the second" : "only in the first"));
        continue;
      }
      try (Scope scope = Scope.open();
          var ignored = Autograd.noGrad()) {
        Tensor u = x.value().to(DType.FLOAT64);
        Tensor v = y.value().to(DType.FLOAT64);
        if (!u.shape().equals(v.shape())) {
          differing.add(
              new Weight(path, Double.NaN, 0, "shapes " + u.shape() + " and " + v.shape()));
          continue;
        }
        double relative = relative(u, v);
        if (relative > 0) {
          differing.add(new Weight(path, relative, v.eq(0).to(DType.FLOAT64).mean().item(), ""));
        }
      }
    }
    return differing;
  }

  private static double relative(Tensor a, Tensor b) {
    double norm = a.norm(false).item();
    double difference = a.sub(b).norm(false).item();
    return difference == 0 ? 0 : difference / Math.max(norm, 1e-30);
  }

  private static List<Site> sites(Model first, Model second, int[][] sequences) {
    int[][] some = Arrays.copyOf(sequences, Math.min(8, sequences.length));
    try (Scope scope = Scope.open()) {
      Tensor tokens = LanguageModeling.tensor(some);
      String wanted =
          "{hook_embed,hook_pos_embed,blocks.*.hook_*,blocks.*.attn.hook_{q,k,v,z,pattern},blocks.*.mlp.hook_*,ln_final.hook_normalized}";
      Activations a = first.capture(tokens, wanted);
      Activations b = second.capture(tokens, wanted);
      List<Site> sites = new ArrayList<>();
      for (String path : a.sites()) {
        if (b.sites().contains(path) && a.at(path).shape().equals(b.at(path).shape())) {
          sites.add(site(path, a.at(path), b.at(path)));
        }
      }
      sites.add(site("logits", a.output(), b.output()));
      return sites;
    }
  }

  private static Site site(String path, Tensor a, Tensor b) {
    try (Scope scope = Scope.open()) {
      Tensor x = a.detach().to(DType.FLOAT64);
      Tensor y = b.detach().to(DType.FLOAT64);
      double norms = x.norm(false).item() * y.norm(false).item();
      double cosine = norms == 0 ? Double.NaN : x.mul(y).sum().item() / norms;
      return new Site(path, relative(x, y), cosine);
    }
  }

  private static final int TOGETHER = 8;

  private static Output output(Model first, Model second, int[][] sequences) {
    int n = sequences.length;
    Map<String, double[]> figures = new LinkedHashMap<>();
    for (String name : List.of("first", "second", "difference", "kl", "square", "agree")) {
      figures.put(name, new double[n]);
    }
    for (int from = 0; from < n; from += TOGETHER) {
      int to = Math.min(n, from + TOGETHER);
      try (Scope scope = Scope.open();
          var ignored = Autograd.noGrad()) {
        Tensor tokens = LanguageModeling.tensor(Arrays.copyOfRange(sequences, from, to));
        long length = tokens.size(1);
        Tensor p = first.forward(tokens).slice(1, 0, length - 1).logSoftmax(-1);
        Tensor q = second.forward(tokens).slice(1, 0, length - 1).logSoftmax(-1);
        Tensor target = tokens.slice(1, 1, length).unsqueeze(2);
        Tensor lossP = p.gather(2, target).squeeze(2).neg();
        Tensor lossQ = q.gather(2, target).squeeze(2).neg();
        Tensor kl = p.exp().mul(p.sub(q)).sum(false, 2);
        Tensor change = lossQ.neg().exp().sub(lossP.neg().exp());
        Tensor agree = p.argmax(2).eq(q.argmax(2)).to(DType.FLOAT32);
        put(figures, "first", from, lossP);
        put(figures, "second", from, lossQ);
        put(figures, "difference", from, lossQ.sub(lossP));
        put(figures, "kl", from, kl);
        put(figures, "square", from, change.square());
        put(figures, "agree", from, agree);
      }
    }
    Estimate square = Estimate.of(values(figures, "square"));
    double root = Math.sqrt(Math.max(0, square.mean()));
    // The interval of a root by the delta method: d sqrt(s) = ds / (2 sqrt(s)).
    Estimate rms =
        new Estimate(root, root == 0 ? 0 : square.halfWidth() / (2 * root), square.samples());
    return new Output(
        Estimate.of(values(figures, "first")),
        Estimate.of(values(figures, "second")),
        Estimate.of(values(figures, "difference")),
        Estimate.of(values(figures, "kl")),
        rms,
        Estimate.of(values(figures, "agree")));
  }

  private static double[] values(Map<String, double[]> figures, String name) {
    return java.util.Objects.requireNonNull(figures.get(name));
  }

  private static void put(Map<String, double[]> figures, String name, int from, Tensor perToken) {
    float[] means = perToken.mean(false, 1).toFloats();
    for (int i = 0; i < means.length; i++) {
      values(figures, name)[from + i] = means[i];
    }
  }
}
