package org.lapidary.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;

class GreyPngTest {
  @Test
  void anotherReaderSeesTheSamePixels() throws Exception {
    double[][] pixels = {{0, 0.5, 1}, {2, -1, Double.NaN}};
    BufferedImage image = ImageIO.read(new ByteArrayInputStream(GreyPng.of(pixels)));
    assertThat(image.getWidth()).isEqualTo(3);
    assertThat(image.getHeight()).isEqualTo(2);
    int[][] expected = {{0, 128, 255}, {255, 0, 0}};
    for (int row = 0; row < 2; row++) {
      for (int column = 0; column < 3; column++) {
        assertThat(image.getRaster().getSample(column, row, 0)).isEqualTo(expected[row][column]);
      }
    }
  }
}
