package org.lapidary.assay;

import java.lang.reflect.Constructor;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.lapidary.compress.Compressor;
import org.lapidary.compress.dsnot.Dsnot;
import org.lapidary.nn.Nearest;

/** Compression methods by id, with settings given as text. */
public final class Compressors {
  private Compressors() {}

  private static final Map<String, Compressor> DEFAULTS =
      new TreeMap<>(Map.of("dsnot", Dsnot.defaults()));

  /** The ids. */
  public static List<String> ids() {
    return List.copyOf(DEFAULTS.keySet());
  }

  /**
   * A method with some settings changed from their defaults.
   *
   * @throws IllegalArgumentException for an unknown id or setting, or a value that does not fit
   */
  public static Compressor of(String id, Map<String, String> settings) {
    Compressor defaults = DEFAULTS.get(id);
    if (defaults == null) {
      throw new IllegalArgumentException(
          "there is no compression method '%s'; nearest is '%s', there are %s"
              .formatted(id, Nearest.names(id, ids(), 1).getFirst(), ids()));
    }
    return (Compressor) changed((Record) defaults, settings);
  }

  /** A copy of a settings record with some components replaced. */
  static Record changed(Record defaults, Map<String, String> settings) {
    RecordComponent[] components = defaults.getClass().getRecordComponents();
    List<String> names = Arrays.stream(components).map(RecordComponent::getName).toList();
    for (String key : settings.keySet()) {
      if (!names.contains(key)) {
        throw new IllegalArgumentException(
            "there is no setting '%s'; nearest is '%s', there are %s"
                .formatted(key, Nearest.names(key, names, 1).getFirst(), names));
      }
    }
    try {
      List<Object> values = new ArrayList<>();
      for (RecordComponent c : components) {
        String text = settings.get(c.getName());
        c.getAccessor().setAccessible(true);
        values.add(
            text == null
                ? c.getAccessor().invoke(defaults)
                : value(c.getName(), c.getType(), text));
      }
      Constructor<?> constructor =
          defaults
              .getClass()
              .getDeclaredConstructor(
                  Arrays.stream(components).map(RecordComponent::getType).toArray(Class[]::new));
      return (Record) constructor.newInstance(values.toArray());
    } catch (java.lang.reflect.InvocationTargetException e) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      throw new IllegalArgumentException(String.valueOf(cause.getMessage()), e);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Object value(String name, Class<?> type, String text) {
    try {
      if (type == int.class) {
        return Integer.parseInt(text);
      }
      if (type == long.class) {
        return Long.parseLong(text);
      }
      if (type == double.class) {
        return Double.parseDouble(text);
      }
      if (type == boolean.class && (text.equals("true") || text.equals("false"))) {
        return Boolean.parseBoolean(text);
      }
      if (type.isEnum()) {
        for (Object constant : type.getEnumConstants()) {
          if (((Enum<?>) constant).name().equals(text.toUpperCase(Locale.ROOT))) {
            return constant;
          }
        }
        throw new IllegalArgumentException(
            "%s = %s; allowed are %s"
                .formatted(
                    name, text, Arrays.toString(type.getEnumConstants()).toLowerCase(Locale.ROOT)));
      }
      if (type == String.class) {
        return text;
      }
    } catch (NumberFormatException e) {
      // told below
    }
    throw new IllegalArgumentException(
        "%s = %s is not a %s".formatted(name, text, type.getSimpleName()));
  }
}
