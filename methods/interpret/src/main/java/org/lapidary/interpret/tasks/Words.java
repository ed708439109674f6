package org.lapidary.interpret.tasks;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** Common words that most tokenizers know whole. */
final class Words {
  private Words() {}

  static final List<String> GIRLS =
      List.of("Mary", "Anna", "Emma", "Sarah", "Laura", "Alice", "Jane", "Kate", "Lucy", "Rose");
  static final List<String> BOYS =
      List.of("John", "Tom", "James", "David", "Paul", "Mark", "Peter", "Jack", "Ben", "Max");
  static final List<String> NAMES = Stream.concat(GIRLS.stream(), BOYS.stream()).toList();
  static final List<String> PLACES =
      List.of("store", "park", "school", "office", "garden", "station", "library", "house");
  static final List<String> THINGS =
      List.of("drink", "book", "ring", "ball", "bag", "key", "letter", "cake");
  static final List<String> EVENTS =
      List.of("war", "trip", "work", "siege", "reign", "voyage", "contract", "project");
  static final List<String> PRAISE = List.of("great", "good", "kind", "funny", "nice", "loyal");
  static final List<String> ARGUMENTS =
      List.of(
          "load", "size", "file", "last", "name", "port", "text", "user", "page", "code", "time",
          "line", "test", "value", "order", "state");
  static final List<String> NOUNS =
      List.of(
          "river", "stone", "chair", "lamp", "cloud", "bread", "horse", "paper", "glass", "table",
          "water", "music", "light", "green", "night", "winter", "road", "tree", "door", "fish");
  static final Map<String, String> CAPITALS =
      new TreeMap<>(
          Map.ofEntries(
              Map.entry("France", "Paris"),
              Map.entry("Germany", "Berlin"),
              Map.entry("Italy", "Rome"),
              Map.entry("Spain", "Madrid"),
              Map.entry("Japan", "Tokyo"),
              Map.entry("China", "Beijing"),
              Map.entry("Russia", "Moscow"),
              Map.entry("England", "London"),
              Map.entry("Ireland", "Dublin"),
              Map.entry("Greece", "Athens"),
              Map.entry("Poland", "Warsaw"),
              Map.entry("Austria", "Vienna"),
              Map.entry("Egypt", "Cairo"),
              Map.entry("Cuba", "Havana"),
              Map.entry("Peru", "Lima"),
              Map.entry("Iran", "Tehran"),
              Map.entry("Norway", "Oslo"),
              Map.entry("Canada", "Ottawa")));
}
