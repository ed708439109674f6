package org.lapidary.assay.compare;

import java.util.Arrays;

/** Methods that make block matrices smaller. */
enum Shrinker {
  FLOAT16("float16", "half precision, nothing else", false),
  MAGNITUDE("magnitude", "the smallest weights of every row are dropped", false),
  WANDA("wanda", "dropped by weight times activation (arXiv 2306.11695)", false),
  SPARSEGPT("sparsegpt", "dropped, the others make up for it (arXiv 2301.00774)", false),
  DSNOT("dsnot", "Wanda's mask refined by swaps without training (arXiv 2310.08915)", false),
  GRADUAL("gradual", "dropped little by little while training on (arXiv 1710.01878)", true),
  NEAREST("rtn", "every weight rounded to the nearest of one width", false),
  GPTQ("gptq", "one width, rounding errors made up for (arXiv 2210.17323)", false),
  LAYERWISE("layerwise-quant", "fewer bits for less important blocks (arXiv 2406.17415)", false),
  SLIM("slim", "pattern and width of each matrix by an integer program, then GPTQ", false),
  BLOCK_DROP("block-drop", "the least important blocks left out", false);

  private final String id;
  private final String words;
  private final boolean seeded;

  Shrinker(String id, String words, boolean seeded) {
    this.id = id;
    this.words = words;
    this.seeded = seeded;
  }

  String id() {
    return id;
  }

  String words() {
    return words;
  }

  /** Whether chance has a part in it. */
  boolean seeded() {
    return seeded;
  }

  static Shrinker of(String id) {
    return Arrays.stream(values()).filter(s -> s.id.equals(id)).findFirst().orElseThrow();
  }
}
