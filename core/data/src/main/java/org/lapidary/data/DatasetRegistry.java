package org.lapidary.data;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import org.lapidary.io.FileBytes;
import org.lapidary.io.Json;

/** The data sets we know, from {@code datasets.json} beside this class. */
final class DatasetRegistry {
  private static final String RESOURCE = "datasets.json";

  private DatasetRegistry() {}

  static SequencedMap<String, DatasetInfo> load() {
    try (InputStream in = DatasetRegistry.class.getResourceAsStream(RESOURCE)) {
      if (in == null) {
        throw new IllegalStateException("the resource " + RESOURCE + " is not in the jar");
      }
      return parse(Json.parse(FileBytes.of(RESOURCE, in.readAllBytes())));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static SequencedMap<String, DatasetInfo> parse(JsonNode root) {
    SequencedMap<String, DatasetInfo> known = new LinkedHashMap<>();
    for (JsonNode node : root) {
      DatasetInfo info =
          new DatasetInfo(
              node.required("name").asText(),
              node.required("title").asText(),
              node.required("licence").asText(),
              node.required("origin").asText(),
              node.path("unavailable").asText(""),
              downloads(node.path("downloads")));
      if (info.downloads().isEmpty() == info.downloadable()
          || known.put(info.name(), info) != null) {
        throw new IllegalStateException(
            RESOURCE + ": " + info.name() + " needs either downloads or why there are none, once");
      }
    }
    return known;
  }

  private static List<DatasetInfo.Download> downloads(JsonNode nodes) {
    List<DatasetInfo.Download> downloads = new ArrayList<>();
    for (JsonNode node : nodes) {
      List<String> members = new ArrayList<>();
      node.path("members").forEach(member -> members.add(member.asText()));
      downloads.add(
          new DatasetInfo.Download(
              node.required("file").asText(),
              URI.create(node.required("url").asText()),
              node.required("atMost").asLong(),
              node.required("sha256").asText(),
              List.copyOf(members)));
    }
    return List.copyOf(downloads);
  }
}
