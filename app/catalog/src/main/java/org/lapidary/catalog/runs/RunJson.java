package org.lapidary.catalog.runs;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;

/** Runs as JSON. Times are ISO 8601 (UTC); a number that JSON cannot hold is {@code null}. */
public final class RunJson {
  private RunJson() {}

  /** A run in a list. */
  public static ObjectNode node(RunSummary run) {
    ObjectNode node = JsonNodeFactory.instance.objectNode();
    node.put("id", run.id());
    node.put("command", run.command());
    ArrayNode argv = node.putArray("argv");
    run.argv().forEach(argv::add);
    node.put("model", run.model());
    node.put("status", run.status().word());
    node.put("start", run.start().toString());
    node.put("end", run.end() == null ? null : run.end().toString());
    node.put("seconds", run.duration().toMillis() / 1e3);
    RunProgress progress = run.progress();
    if (progress == null) {
      node.putNull("progress");
    } else {
      node.putObject("progress")
          .put("what", progress.what())
          .put("done", progress.done())
          .put("steps", progress.steps())
          .put("note", progress.note());
    }
    return node;
  }

  /** All of a run. */
  public static ObjectNode node(Run run) {
    ObjectNode node = node(run.summary());
    node.put("error", run.error());
    put(node, "settings", run.settings());
    ArrayNode seeds = node.putArray("seeds");
    run.seeds().forEach(seeds::add);
    put(node, "fingerprints", run.fingerprints());
    put(node, "versions", run.versions());
    node.put("machine", run.machine());
    node.put("pid", run.pid());
    ArrayNode metrics = node.putArray("metrics");
    for (MetricSeries metric : run.metrics()) {
      ObjectNode child = metrics.addObject().put("name", metric.name());
      ArrayNode steps = child.putArray("steps");
      ArrayNode values = child.putArray("values");
      for (int i = 0; i < metric.steps().length; i++) {
        steps.add(metric.steps()[i]);
        double value = metric.values()[i];
        values.add(Double.isFinite(value) ? value : null);
      }
    }
    ArrayNode outputs = node.putArray("outputs");
    for (Output output : run.outputs()) {
      outputs.addObject().put("kind", output.kind().word()).set("json", output.json());
    }
    ArrayNode artifacts = node.putArray("artifacts");
    run.artifacts().forEach(a -> artifacts.addObject().put("name", a.name()).put("path", a.path()));
    ArrayNode log = node.putArray("log");
    run.log().forEach(l -> log.addObject().put("at", l.at().toString()).put("text", l.text()));
    return node;
  }

  private static void put(ObjectNode node, String name, Map<String, String> pairs) {
    ObjectNode child = node.putObject(name);
    pairs.forEach(child::put);
  }
}
