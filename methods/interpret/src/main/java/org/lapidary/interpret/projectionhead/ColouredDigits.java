package org.lapidary.interpret.projectionhead;

import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.Classification;

/**
 * Digits in one of eight colours that have nothing to do with the digit. Views move, fade and spot
 * them, but keep the colour.
 *
 * @param images [n, 3, height, width] in [0, 1]
 * @param digits of the n images
 * @param colours of the n images, 0 to 7
 */
public record ColouredDigits(Tensor images, int[] digits, int[] colours) {
  /** How many colours there are. */
  public static final int COLOURS = 8;

  private static final int SHIFT = 3;
  private static final double SPOTS = 0.15;
  private static final double FAINTEST = 0.6;
  private static final float DIM = 0.25f;

  public ColouredDigits {
    images.unscoped();
  }

  /** Colours grey images [n, 1, height, width] in [0, 1]. */
  public static ColouredDigits of(Classification grey, Rng rng) {
    float[] from = grey.inputs().toFloats();
    int n = grey.count();
    int size = from.length / n;
    float[] to = new float[3 * from.length];
    int[] colours = new int[n];
    for (int i = 0; i < n; i++) {
      colours[i] = rng.nextInt(COLOURS);
      for (int c = 0; c < 3; c++) {
        float strength = (colours[i] >> c & 1) == 1 ? 1 : DIM;
        for (int p = 0; p < size; p++) {
          to[(i * 3 + c) * size + p] = strength * from[i * size + p];
        }
      }
    }
    return new ColouredDigits(
        Tensor.of(to, n, 3, grey.inputs().size(2), grey.inputs().size(3)),
        grey.labels().toInts(),
        colours);
  }

  /** For a trainer; the labels are the digits. */
  public Classification examples() {
    return Classification.of(images, digits);
  }

  /** A random view of some images: moved by up to 3 pixels, fainter, with noise. */
  public static Tensor view(Tensor chosen, Rng rng) {
    int n = (int) chosen.size(0);
    int channels = (int) chosen.size(1);
    int height = (int) chosen.size(2);
    int width = (int) chosen.size(3);
    float[] from = chosen.toFloats();
    float[] to = new float[from.length];
    for (int i = 0; i < n; i++) {
      int down = rng.nextInt(2 * SHIFT + 1) - SHIFT;
      int right = rng.nextInt(2 * SHIFT + 1) - SHIFT;
      float faint = (float) (FAINTEST + (1 - FAINTEST) * rng.nextDouble());
      for (int c = 0; c < channels; c++) {
        int at = (i * channels + c) * height * width;
        for (int y = Math.max(0, down); y < Math.min(height, height + down); y++) {
          for (int x = Math.max(0, right); x < Math.min(width, width + right); x++) {
            to[at + y * width + x] = faint * from[at + (y - down) * width + x - right];
          }
        }
      }
    }
    return Tensor.of(to, n, channels, height, width)
        .add(rng.normal(SPOTS, n, channels, height, width));
  }
}
