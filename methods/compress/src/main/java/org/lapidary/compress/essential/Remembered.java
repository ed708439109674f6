package org.lapidary.compress.essential;

import java.io.ByteArrayOutputStream;
import java.util.HashMap;
import java.util.Map;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.Fixtures;

/** Learns a task of one pre-trained model only once under the same masks. */
final class Remembered implements Downstream {
  private final Downstream task;
  private final Map<String, Tuned> known = new HashMap<>();

  Remembered(Downstream task) {
    this.task = task;
  }

  @Override
  public Tuned learn(Model pretrained, Map<String, Tensor> masks) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    masks.values().forEach(mask -> bytes.writeBytes(mask.toBytes()));
    String key = Fixtures.hash(bytes.toByteArray());
    Tuned tuned = known.get(key);
    if (tuned == null) {
      tuned = task.learn(pretrained, masks);
      known.put(key, tuned);
    }
    return tuned;
  }
}
