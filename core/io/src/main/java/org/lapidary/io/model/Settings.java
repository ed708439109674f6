package org.lapidary.io.model;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lapidary.io.FormatException;

/** A {@code config.json}, read with errors that name the file and the key. */
record Settings(Path file, JsonNode json) {

  int integer(String key) {
    JsonNode node = present(key);
    if (!node.isIntegralNumber() || !node.canConvertToInt()) {
      throw fault(key + " = " + node, "a whole number");
    }
    return node.intValue();
  }

  int integer(String key, int missing) {
    return has(key) ? integer(key) : missing;
  }

  double number(String key, double missing) {
    if (!has(key)) {
      return missing;
    }
    JsonNode node = present(key);
    if (!node.isNumber()) {
      throw fault(key + " = " + node, "a number");
    }
    return node.doubleValue();
  }

  boolean flag(String key, boolean missing) {
    if (!has(key)) {
      return missing;
    }
    JsonNode node = present(key);
    if (!node.isBoolean()) {
      throw fault(key + " = " + node, "true or false");
    }
    return node.booleanValue();
  }

  String text(String key, String missing) {
    return has(key) ? present(key).asText() : missing;
  }

  /** Whole numbers in a list. */
  List<Integer> integers(String key, List<Integer> missing) {
    if (!has(key)) {
      return missing;
    }
    JsonNode node = present(key);
    List<Integer> all = new ArrayList<>();
    for (JsonNode n : node) {
      if (!n.isIntegralNumber() || !n.canConvertToInt()) {
        throw fault(key + " = " + node, "a list of whole numbers");
      }
      all.add(n.intValue());
    }
    if (!node.isArray()) {
      throw fault(key + " = " + node, "a list of whole numbers");
    }
    return all;
  }

  /** The class for which the weights were written: the first of the architectures. */
  String architecture(String missing) {
    JsonNode node = json.path("architectures").path(0);
    return node.isTextual() ? node.asText() : missing;
  }

  /** An object under a key, or null. */
  @Nullable Settings object(String key) {
    return has(key) && present(key).isObject() ? new Settings(file, present(key)) : null;
  }

  boolean has(String key) {
    JsonNode node = json.get(key);
    return node != null && !node.isNull();
  }

  private JsonNode present(String key) {
    JsonNode node = json.get(key);
    if (node == null || node.isNull()) {
      throw fault("no " + key, "the key " + key);
    }
    return node;
  }

  FormatException fault(String found, String expected) {
    return new FormatException(
        file.toString(),
        FormatException.NOWHERE,
        found,
        expected,
        "this configuration cannot be opened; a model of a supported family can");
  }
}
