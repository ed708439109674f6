package org.lapidary.io.model;

import java.util.LinkedHashMap;
import java.util.Map;
import org.lapidary.nn.MetaFormerConfig;
import org.lapidary.nn.MetaFormerConfig.Stage;

/** A family of classifiers of images. */
interface GridFamily extends Family<MetaFormerConfig> {

  @Override
  default Class<MetaFormerConfig> configs() {
    return MetaFormerConfig.class;
  }

  @Override
  default double weights(MetaFormerConfig c) {
    double sum = (double) c.positions(0) * (c.positions().equals("learned") ? 1 : 0);
    sum *= c.stages().getFirst().dModel();
    double in = c.image().channels();
    for (Stage s : c.stages()) {
      sum += in * s.dModel() * s.patch() * s.patch();
      // what every block has at least: the channel mixer, and attention where there is one
      double d = s.dModel();
      sum += s.depth() * (2 * d * s.dMlp() + (c.mixer().endsWith("attention") ? 4 * d * d : 0));
      in = d;
    }
    return sum;
  }

  /** The number of classes by which Hugging Face goes: its labels, two where nothing is said. */
  static int classes(Settings json) {
    Settings labels = json.object("id2label");
    return labels != null ? labels.json().size() : json.integer("num_labels", 2);
  }

  /** Writes that many classes under the names Hugging Face gives to classes without names. */
  static void writeClasses(Map<String, Object> json, int classes) {
    Map<String, String> names = new LinkedHashMap<>();
    Map<String, Integer> numbers = new LinkedHashMap<>();
    for (int i = 0; i < classes; i++) {
      names.put("" + i, "LABEL_" + i);
      numbers.put("LABEL_" + i, i);
    }
    json.put("id2label", names);
    json.put("label2id", numbers);
  }
}
