package org.lapidary.data.generate;

import static org.lapidary.data.generate.Lexicon.ACTORS;
import static org.lapidary.data.generate.Lexicon.ACTORS_PLURAL;
import static org.lapidary.data.generate.Lexicon.ADVERBS;
import static org.lapidary.data.generate.Lexicon.DEEDS;
import static org.lapidary.data.generate.Lexicon.DEEDS_PLURAL;
import static org.lapidary.data.generate.Lexicon.FEELINGS;
import static org.lapidary.data.generate.Lexicon.LOOKS;
import static org.lapidary.data.generate.Lexicon.MEN;
import static org.lapidary.data.generate.Lexicon.NATURES;
import static org.lapidary.data.generate.Lexicon.OBJECTS;
import static org.lapidary.data.generate.Lexicon.PLACES;
import static org.lapidary.data.generate.Lexicon.VERBS;
import static org.lapidary.data.generate.Lexicon.VERBS_PLURAL;
import static org.lapidary.data.generate.Lexicon.WOMEN;

import java.util.Arrays;
import java.util.List;

/** Everyday texts: stories, statements, questions. Verbs agree with their subject, pronouns too. */
final class Grammar {
  private final Draw draw;
  private final List<String> out;

  /** Appends words to {@code out}. */
  Grammar(Draw draw, List<String> out) {
    this.draw = draw;
    this.out = out;
  }

  /** A person who stays the same through a text. */
  private record Person(String name, String pronoun, String possessive, List<String> others) {

    /** What the person or animal may be: not the nouns of the other sex. */
    String kind(Draw draw) {
      return draw.of(ACTORS, others);
    }
  }

  private Person person() {
    boolean woman = draw.chance(0.5);
    return new Person(
        draw.of(woman ? WOMEN : MEN),
        woman ? "she" : "he",
        woman ? "her" : "his",
        woman ? List.of("man", "boy", "king") : List.of("woman", "girl", "cow"));
  }

  private Person personOtherThan(Person other) {
    while (true) {
      Person person = person();
      if (!person.name.equals(other.name)) {
        return person;
      }
    }
  }

  /** Someone finds something and gives it away; names and things recur. */
  void story() {
    Person hero = person();
    Person friend = personOtherThan(hero);
    String thing = draw.of(OBJECTS);
    String look = draw.of(LOOKS);
    say("once there was");
    noun("a", draw.of(NATURES), hero.kind(draw));
    say("named", hero.name, ".");
    say(hero.name, "lived near the", draw.of(PLACES), ".");
    say("one day", hero.name, "went to the", draw.of(PLACES), "and found");
    noun("a", look, thing);
    say(".");
    String feeling = draw.of(FEELINGS);
    if (draw.chance(0.6)) {
      say(hero.name, "was very", feeling, "because", hero.pronoun, "liked the", thing, ".");
    }
    say("then", friend.name, "came and saw the", look, thing, ".");
    if (draw.chance(0.7)) {
      say(friend.name, "wanted the", thing, "too .");
      say("so", hero.name, "gave the", look, thing, "to", friend.name, ".");
    } else {
      say("but", hero.name, "took", hero.possessive, thing, "and walked to the");
      say(draw.of(PLACES), ".");
    }
    if (draw.chance(0.5)) {
      say(friend.name, "smiled because", friend.pronoun, "was not", draw.of(FEELINGS), ".");
    }
  }

  /** One to four statements in the present, whose subjects may hide behind other nouns. */
  void statements() {
    for (int i = draw.between(1, 4); i > 0; i--) {
      boolean plural = draw.chance(0.5);
      actor(plural);
      if (draw.chance(0.3)) {
        say(draw.chance(0.5) ? "near" : "with");
        actor(draw.chance(0.5)); // an attractor, of either number
      } else if (draw.chance(0.25)) {
        say("that");
        boolean inner = draw.chance(0.5);
        actor(inner);
        say(draw.of(inner ? DEEDS_PLURAL : DEEDS));
      }
      if (draw.chance(0.25)) {
        say(plural ? "are" : "is", draw.of(FEELINGS));
      } else if (draw.chance(0.5)) {
        say(draw.of(plural ? VERBS_PLURAL : VERBS));
        if (draw.chance(0.4)) {
          say(draw.of(ADVERBS));
        }
      } else {
        say(draw.of(plural ? DEEDS_PLURAL : DEEDS));
        actor(draw.chance(0.5));
      }
      say(".");
    }
  }

  /** Statements about a person, with pronouns that agree. */
  void doings() {
    for (int i = draw.between(1, 3); i > 0; i--) {
      Person person = person();
      switch (draw.below(3)) {
        case 0 -> {
          say(person.name, "lost", person.possessive, draw.of(OBJECTS), "because", person.pronoun);
          say("was", draw.of(FEELINGS), ".");
        }
        case 1 -> {
          say("when", person.name, "found", person.possessive, draw.of(OBJECTS));
          say(person.pronoun, "was", draw.of(FEELINGS), ".");
        }
        default -> {
          say("every day", person.name, "walked to the", draw.of(PLACES), "with");
          say(person.possessive, draw.of(ACTORS), ".");
        }
      }
    }
  }

  /** Two or three things have places; a question asks for one of them. */
  void whereabouts() {
    int count = draw.between(2, 3);
    String[] who = new String[count];
    String[] where = new String[count];
    for (int i = 0; i < count; i++) {
      who[i] = draw.of(ACTORS, Arrays.asList(who));
      where[i] = draw.of(PLACES);
      say("the", who[i], "is", "in the", where[i], ".");
    }
    int asked = draw.below(count);
    say("where is the", who[asked], "? in the", where[asked], ".");
  }

  private void actor(boolean plural) {
    String noun = draw.of(plural ? ACTORS_PLURAL : ACTORS);
    if (draw.chance(0.35)) {
      noun("the", draw.of(NATURES), noun);
    } else if (!plural && draw.chance(0.2)) {
      noun("a", noun);
    } else {
      say("the", noun);
    }
  }

  /** A noun with its article; "a" becomes "an" before a vowel. */
  private void noun(String article, String... words) {
    boolean vowel = "aeiou".indexOf(words[0].charAt(0)) >= 0;
    say(article.equals("a") && vowel ? "an" : article);
    say(words);
  }

  private void say(String... phrases) {
    for (String phrase : phrases) {
      out.addAll(List.of(phrase.split(" ")));
    }
  }
}
