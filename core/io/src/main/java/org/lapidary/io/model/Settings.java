package org.lapidary.io.model;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
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
