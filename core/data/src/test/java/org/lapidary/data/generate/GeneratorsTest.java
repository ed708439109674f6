package org.lapidary.data.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.lapidary.data.Images;
import org.lapidary.data.Samples;
import org.lapidary.data.TestData;
import org.lapidary.data.generate.ModularArithmetic.Equations;
import org.lapidary.data.generate.ModularArithmetic.Operation;

class GeneratorsTest {

  @Test
  void digitsCanBeToldApartByTheirNearestNeighbour() {
    Samples known = RenderedDigits.sample(2000, 1);
    Samples asked = RenderedDigits.sample(200, 2);
    assertThat(nearestNeighbourAccuracy(known, asked)).isGreaterThan(0.9); // chance is 0.1
  }

  @Test
  void digitsAreBalancedAndInRange() {
    Samples digits = RenderedDigits.sample(2000, 3);
    int[] counts = new int[10];
    for (int i = 0; i < digits.count(); i++) {
      counts[digits.labels()[i]]++;
      double ink = 0;
      for (float value : digits.row(i)) {
        assertThat(value).isBetween(0f, 1f);
        ink += value;
      }
      assertThat(ink).isBetween(20.0, 300.0); // neither blank nor blotted, of 784
    }
    // 200 each; five standard deviations are 67.
    assertThat(Arrays.stream(counts)).allMatch(count -> Math.abs(count - 200) < 67);
  }

  @ParameterizedTest
  @EnumSource
  void equationsHoldAndEachStandsOnce(Operation operation) {
    int p = 13;
    Equations all = new ModularArithmetic(p, operation).all();
    Set<Integer> pairs = new HashSet<>();
    for (int i = 0; i < all.count(); i++) {
      int a = all.left()[i];
      int b = all.right()[i];
      int c = all.result()[i];
      assertThat(c).isBetween(0, p - 1);
      assertThat(pairs.add(a * p + b)).isTrue();
      int difference =
          switch (operation) {
            case ADD -> a + b - c;
            case SUBTRACT -> a - b - c;
            case MULTIPLY -> a * b - c;
            case DIVIDE -> b * c - a;
            case SUM_OF_SQUARES -> a * a + b * b - c;
          };
      assertThat(Math.floorMod(difference, p)).isZero();
    }
    assertThat(pairs).hasSize(operation == Operation.DIVIDE ? p * (p - 1) : p * p);
  }

  @Test
  void aSplitKeepsEveryEquationOnce() {
    ModularArithmetic arithmetic = new ModularArithmetic(11, Operation.ADD);
    var split = arithmetic.split(0.3, 5);
    assertThat(split.train().count()).isEqualTo(36); // 0.3 of 121, rounded
    Set<Integer> pairs = new HashSet<>();
    for (Equations part : new Equations[] {split.train(), split.test()}) {
      for (int[] prompt : part.prompts(11)) {
        assertThat(prompt[1]).isEqualTo(11);
        assertThat(prompt[3]).isEqualTo(12);
        pairs.add(prompt[0] * 11 + prompt[2]);
      }
    }
    assertThat(pairs).hasSize(121);
    assertThat(arithmetic.split(0.3, 5).train().left()).isEqualTo(split.train().left());
    assertThat(arithmetic.split(0.3, 6).train().left()).isNotEqualTo(split.train().left());
    assertThatIllegalArgumentException().isThrownBy(() -> arithmetic.split(1, 0));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new ModularArithmetic(12, Operation.DIVIDE))
        .withMessageContaining("prime");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new ModularArithmetic(1 << 20, Operation.ADD));
  }

  @Test
  void mixturesHaveTheirMeansAndDeviation() {
    GaussianMixture mixture = GaussianMixture.ring(4, 3, 0.5);
    Samples samples = mixture.sample(40_000, 1);
    double[][] sums = new double[4][2];
    int[] counts = new int[4];
    double squares = 0;
    for (int i = 0; i < samples.count(); i++) {
      int label = samples.labels()[i];
      counts[label]++;
      for (int d = 0; d < 2; d++) {
        double offset = samples.values()[2 * i + d] - mixture.means()[label][d];
        sums[label][d] += offset;
        squares += offset * offset;
      }
    }
    for (int c = 0; c < 4; c++) {
      for (int d = 0; d < 2; d++) {
        // Six standard errors of a mean.
        assertThat(Math.abs(sums[c][d] / counts[c])).isLessThan(6 * 0.5 / Math.sqrt(counts[c]));
      }
    }
    // The variance of the variance of normal variates is 2 s^4 / n.
    assertThat(squares / 80_000).isBetween(0.25 - 0.0075, 0.25 + 0.0075);
  }

  @Test
  void hardMnistWithoutNoiseWouldKeepTheDigit() {
    Images mnist = Images.mnist(TestData.folder("mnist"), Images.Part.TRAIN).first(3000);
    Samples hard = HardMnist.of(mnist, 0);
    assertThat(hard.labels()).isEqualTo(mnist.labels());
    float low = (0 - 0.25f) / 0.3f;
    float high = (1 - 0.25f) / 0.3f;
    for (float value : hard.values()) {
      assertThat(value).isBetween(low - 1e-6f, high + 1e-6f);
    }
    Samples plain = new Samples(mnist.toFloats(), mnist.labels(), 784);
    double easy = nearestNeighbourAccuracy(plain.rows(0, 2800), plain.rows(2800, 3000));
    double harder = nearestNeighbourAccuracy(hard.rows(0, 2800), hard.rows(2800, 3000));
    assertThat(harder).isBetween(0.3, easy - 0.1); // harder, yet far from chance
  }

  @Test
  void hardMnistErasesSixBySixAndRotatesAboutTheMiddle() {
    // A full white image: outside the border that rotation and shift bring in, only the square is
    // dark, so about 36 of the inner pixels are.
    byte[] white = new byte[784];
    Arrays.fill(white, (byte) 255);
    int dark = 0;
    int images = 200;
    for (int seed = 0; seed < images; seed++) {
      Samples hard = HardMnist.of(new Images(white, new int[1], 1, 28, 28), seed);
      for (int y = 8; y < 20; y++) {
        for (int x = 8; x < 20; x++) {
          dark += hard.values()[y * 28 + x] < 0.5 / 0.3 - 0.25 / 0.3 ? 1 : 0;
        }
      }
    }
    // The square's corner is uniform in 0..22; the part of it inside 8..19 has the expectation
    // (sum over corners of the overlap / 23)^2, by brute force:
    double overlap = 0;
    for (int corner = 0; corner <= 22; corner++) {
      for (int at = corner; at < corner + 6; at++) {
        overlap += at >= 8 && at < 20 ? 1.0 / 23 : 0;
      }
    }
    assertThat(dark / (double) images)
        .isBetween(0.85 * overlap * overlap, 1.15 * overlap * overlap);
  }

  @Test
  void theSameSeedGivesTheSameBitsOnEveryMachine() throws Exception {
    assertThat(hash(RenderedDigits.sample(50, 42).values())).isEqualTo("3e5f5a9e5f78c1be");
    assertThat(hash(GaussianMixture.random(3, 5, 2, 0.5, 1).sample(50, 42).values()))
        .isEqualTo("46ab06d0c7556ab7");
    byte[] grey = new byte[784];
    for (int i = 0; i < grey.length; i++) {
      grey[i] = (byte) i;
    }
    assertThat(hash(HardMnist.of(new Images(grey, new int[1], 1, 28, 28), 42).values()))
        .isEqualTo("553af6edbffe601b");
  }

  static String hash(float[] values) throws Exception {
    ByteBuffer bytes = ByteBuffer.allocate(4 * values.length);
    bytes.asFloatBuffer().put(values);
    return hash(bytes.array());
  }

  static String hash(byte[] bytes) throws Exception {
    byte[] digest = MessageDigest.getInstance("SHA-256").digest(bytes);
    return HexFormat.of().formatHex(digest).substring(0, 16);
  }

  private static double nearestNeighbourAccuracy(Samples known, Samples asked) {
    int right = 0;
    for (int i = 0; i < asked.count(); i++) {
      float[] query = asked.row(i);
      float best = Float.MAX_VALUE;
      int label = -1;
      for (int j = 0; j < known.count(); j++) {
        float distance = 0;
        for (int d = 0; d < query.length; d++) {
          float difference = query[d] - known.values()[j * query.length + d];
          distance += difference * difference;
        }
        if (distance < best) {
          best = distance;
          label = known.labels()[j];
        }
      }
      right += label == asked.labels()[i] ? 1 : 0;
    }
    return right / (double) asked.count();
  }
}
