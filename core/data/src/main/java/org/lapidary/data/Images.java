package org.lapidary.data;

import static org.lapidary.io.FormatException.NOWHERE;

import java.io.UncheckedIOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.lapidary.io.FormatException;
import org.lapidary.io.RawTensor;
import org.lapidary.tensor.DType;

/**
 * Labelled images of one size.
 *
 * @param pixels [image, channel, row, column], unsigned bytes
 * @param labels [image], from 0
 */
public record Images(byte[] pixels, int[] labels, int channels, int height, int width) {

  /** Which part of a published data set. */
  public enum Part {
    TRAIN,
    TEST
  }

  /**
   * @throws IllegalArgumentException if the lengths do not fit
   */
  public Images {
    if (pixels.length != (long) labels.length * channels * height * width) {
      throw new IllegalArgumentException(
          pixels.length
              + " pixels for "
              + labels.length
              + " images of "
              + channels
              + "x"
              + height
              + "x"
              + width);
    }
  }

  public int count() {
    return labels.length;
  }

  /** Values in one image. */
  public int size() {
    return channels * height * width;
  }

  /** The first images, all if there are fewer. */
  public Images first(int count) {
    int kept = Math.min(count, count());
    return new Images(
        Arrays.copyOf(pixels, kept * size()), Arrays.copyOf(labels, kept), channels, height, width);
  }

  /** Pixels from 0 to 1, in the order of {@link #pixels}. */
  public float[] toFloats() {
    float[] values = new float[pixels.length];
    for (int i = 0; i < values.length; i++) {
      values[i] = (pixels[i] & 0xff) / 255f;
    }
    return values;
  }

  /**
   * MNIST or a set in its form: idx files under their usual names, plain or gzipped.
   *
   * @throws FormatException if they are damaged or do not belong together
   * @throws UncheckedIOException if they cannot be read
   */
  public static Images mnist(Path folder, Part part) {
    String prefix = part == Part.TRAIN ? "train" : "t10k";
    Path imageFile = plainOrPacked(folder.resolve(prefix + "-images-idx3-ubyte"));
    RawTensor images = Idx.read(imageFile);
    RawTensor labels = Idx.read(plainOrPacked(folder.resolve(prefix + "-labels-idx1-ubyte")));
    if (images.dtype() != DType.UINT8
        || labels.dtype() != DType.UINT8
        || images.rank() != 3
        || labels.rank() != 1
        || images.shape()[0] != labels.shape()[0]) {
      throw new FormatException(
          imageFile.toString(),
          NOWHERE,
          "images " + images + " with labels " + labels,
          "UINT8[n, rows, columns] with UINT8[n]",
          "take both files from the same source");
    }
    return new Images(
        images.data().toArray(ValueLayout.JAVA_BYTE),
        labels.toInts(),
        1,
        (int) images.shape()[1],
        (int) images.shape()[2]);
  }

  /**
   * CIFAR-10 in its binary layout, plain or gzipped: {@code data_batch_1.bin} and further ones as
   * far as they are there, or {@code test_batch.bin}.
   *
   * @throws FormatException if a file is damaged
   * @throws UncheckedIOException if none can be read
   */
  public static Images cifar10(Path folder, Part part) {
    if (part == Part.TEST) {
      return CifarBatch.read(plainOrPacked(folder.resolve("test_batch.bin")));
    }
    List<Images> batches = new ArrayList<>();
    batches.add(CifarBatch.read(plainOrPacked(folder.resolve("data_batch_1.bin"))));
    for (int i = 2; i <= 5; i++) {
      Path batch = plainOrPacked(folder.resolve("data_batch_" + i + ".bin"));
      if (Files.exists(batch)) {
        batches.add(CifarBatch.read(batch));
      }
    }
    return join(batches);
  }

  private static Images join(List<Images> parts) {
    int count = parts.stream().mapToInt(Images::count).sum();
    Images first = parts.getFirst();
    byte[] pixels = new byte[Math.multiplyExact(count, first.size())];
    int[] labels = new int[count];
    int at = 0;
    for (Images part : parts) {
      System.arraycopy(part.pixels, 0, pixels, at * first.size(), part.pixels.length);
      System.arraycopy(part.labels, 0, labels, at, part.count());
      at += part.count();
    }
    return new Images(pixels, labels, first.channels, first.height, first.width);
  }

  private static Path plainOrPacked(Path path) {
    Path packed = path.resolveSibling(path.getFileName() + ".gz");
    return Files.exists(path) || !Files.exists(packed) ? path : packed;
  }
}
