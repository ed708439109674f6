package org.lapidary.nn;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Shape;
import org.lapidary.tensor.ShapeException;
import org.lapidary.tensor.Tensor;

/**
 * Batch normalisation (Ioffe and Szegedy, 2015, arXiv 1502.03167) of x [batch, channels, ...]: (x -
 * mean) / sqrt(variance + epsilon) * weight + bias, per channel. In training, mean and variance are
 * the batch's own, and running averages follow them with a share of 0.1; else the running averages
 * serve.
 */
public final class BatchNorm extends Layer implements UnaryLayer {
  private static final double EPSILON = 1e-5;
  private static final double MOMENTUM = 0.1;

  private final int channels;
  private final Parameter weight;
  private final Parameter bias;
  private final Parameter mean;
  private final Parameter variance;

  public BatchNorm(int channels) {
    this.channels = channels;
    weight = parameter("weight", Tensor.ones(DType.FLOAT32, Shape.of(channels)));
    bias = parameter("bias", Tensor.zeros((long) channels));
    mean = buffer("running_mean", Tensor.zeros((long) channels));
    variance = buffer("running_var", Tensor.ones(DType.FLOAT32, Shape.of(channels)));
  }

  /**
   * @throws ShapeException in training, if a channel has one value only: it has no variance
   */
  @Override
  public Tensor forward(Tensor x) {
    if (!isTraining()) {
      return x.batchNorm(weight.value(), bias.value(), mean.tensor(), variance.tensor(), EPSILON);
    }
    long values = x.elements() / channels;
    if (values < 2) {
      throw new ShapeException(
          "batch normalisation in training needs at least two values a channel, was "
              + x.type()
              + "; use a larger batch");
    }
    Tensor.BatchNormed normed = x.batchNormTraining(weight.value(), bias.value(), EPSILON);
    follow(mean, normed.mean(), 1);
    follow(variance, normed.variance(), values / (values - 1.0));
    return normed.y();
  }

  /** Moves a running average towards a batch's statistic, in place. */
  private void follow(Parameter running, Tensor batch, double unbias) {
    float[] latest = batch.toFloats();
    MemorySegment average = running.tensor().segment();
    for (int c = 0; c < channels; c++) {
      float before = average.getAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, c);
      double after = (1 - MOMENTUM) * before + MOMENTUM * unbias * latest[c];
      average.setAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, c, (float) after);
    }
  }

  @Override
  protected Layer blank() {
    return new BatchNorm(channels);
  }
}
