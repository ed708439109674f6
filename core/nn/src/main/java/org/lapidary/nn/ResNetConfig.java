package org.lapidary.nn;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A residual network for small images (He et al., 2016, arXiv 1512.03385, section 4.2): a 3x3
 * convolution, three stages of blocks whose width doubles and whose images halve, the mean over the
 * image, and a linear head. It has 6 {@code blocks} + 2 layers.
 *
 * @param channels of the image
 * @param width channels of the first stage; 16 as published
 * @param blocks in each stage; 3 for ResNet-20
 * @param classes of the head
 */
public record ResNetConfig(int channels, int width, int blocks, int classes)
    implements ModelConfig {

  public ResNetConfig {
    if (channels < 1 || width < 1 || blocks < 1 || classes < 1) {
      throw new IllegalArgumentException(
          "channels, width, blocks and classes must be at least 1, were %d, %d, %d and %d"
              .formatted(channels, width, blocks, classes));
    }
  }

  @Override
  public String family() {
    return "resnet";
  }

  @Override
  public Layer build() {
    return new ResNet(this);
  }

  @Override
  public Map<String, Object> summary() {
    Map<String, Object> m = new LinkedHashMap<>();
    m.put("family", family());
    m.put("layers", 6 * blocks + 2);
    m.put("width", width + "-" + 2 * width + "-" + 4 * width);
    m.put("channels", channels);
    m.put("classes", classes);
    return m;
  }
}
