package org.lapidary.data.generate;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.SequencedSet;
import java.util.stream.IntStream;

/** The words of the small language. */
final class Lexicon {
  static final String BOS = "<bos>";

  static final List<String> FUNCTION =
      words(
          """
          . ? ( ) : the a an and to in at near with from that because when then but so she he her his
          is are was were not there once day one every where too very named lived went came walked
          found saw liked wanted took lost smiled gave lasted def self doc param
          """);

  static final List<String> WOMEN =
      words("mary anna emma sarah lucy alice kate jane laura rose ella nina");
  static final List<String> MEN =
      words("john tom james david paul peter mark jack sam ben adam luke");
  static final List<String> PLACES =
      words(
          "shop park school garden river market station library farm forest beach kitchen castle"
              + " church museum office");
  static final List<String> OBJECTS =
      words(
          "drink ball book key ring cup hat letter apple flower toy map coin lamp bag box cake stone"
              + " pen rope basket ticket orange picture");
  static final List<String> GIVING = words("gave handed passed sold brought");

  /** Nouns that act, with their plurals at the same places. */
  static final List<String> ACTORS =
      words("dog cat bird horse cow fox child man woman girl boy king teacher doctor farmer owl");

  static final List<String> ACTORS_PLURAL =
      words(
          "dogs cats birds horses cows foxes children men women girls boys kings teachers doctors"
              + " farmers owls");

  /** Verbs without an object, third person, with their plurals at the same places. */
  static final List<String> VERBS =
      words("runs sleeps sings plays swims jumps smiles waits works eats");

  static final List<String> VERBS_PLURAL =
      words("run sleep sing play swim jump smile wait work eat");

  /** Verbs with an object. */
  static final List<String> DEEDS = words("sees likes follows helps finds watches knows calls");

  static final List<String> DEEDS_PLURAL = words("see like follow help find watch know call");

  /** How people and animals are. */
  static final List<String> NATURES =
      words("big small old young happy sad tired hungry cold kind brave quiet");

  /** How things are. */
  static final List<String> LOOKS =
      words("big small old new red blue green white black brown warm");

  static final List<String> FEELINGS = words("happy sad tired hungry cold brave");
  static final List<String> ADVERBS = words("slowly quickly often never always today");

  /** What lasts from one year to another. */
  static final List<String> EVENTS =
      words(
          "war siege trial journey famine strike drought reign project festival plague expedition");

  /** "00" to "99": centuries and years. */
  static final List<String> NUMBERS =
      IntStream.range(0, 100).mapToObj(n -> String.format("%02d", n)).toList();

  /** Words of documented functions. */
  static final List<String> TERMS =
      words(
          "load size file last port name path mode line code list item rate date form page text user"
              + " group state count index cost point value field table color model level order part"
              + " side test type unit node edge root tree");

  private Lexicon() {}

  /** Every word once; the mark of a text's beginning comes first. */
  static SequencedSet<String> all() {
    SequencedSet<String> all = new LinkedHashSet<>(List.of(BOS));
    List.of(
            FUNCTION,
            WOMEN,
            MEN,
            PLACES,
            OBJECTS,
            GIVING,
            ACTORS,
            ACTORS_PLURAL,
            VERBS,
            VERBS_PLURAL,
            DEEDS,
            DEEDS_PLURAL,
            NATURES,
            LOOKS,
            FEELINGS,
            ADVERBS,
            EVENTS,
            NUMBERS,
            TERMS)
        .forEach(all::addAll);
    return all;
  }

  private static List<String> words(String text) {
    return List.of(text.strip().split("\\s+"));
  }
}
