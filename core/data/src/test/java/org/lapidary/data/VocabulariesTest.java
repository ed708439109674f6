package org.lapidary.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.Arrays;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.StringLength;
import org.junit.jupiter.api.Test;

class VocabulariesTest {

  @Property(tries = 200)
  void charactersSurviveEncodingAndDecoding(@ForAll @StringLength(min = 1, max = 40) String text) {
    CharVocabulary vocabulary = CharVocabulary.of(text);
    int[] ids = vocabulary.encode(text);
    assertThat(vocabulary.decode(ids)).isEqualTo(text);
    assertThat(Arrays.stream(ids)).allMatch(id -> id >= 0 && id < vocabulary.vocab());
    assertThat(vocabulary.vocab()).isEqualTo((int) text.codePoints().distinct().count());
  }

  @Test
  void anUnknownCharacterOrWordIsNamed() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> CharVocabulary.of("abc").encode("abd"))
        .withMessageContaining("'d'")
        .withMessageContaining("abc");
    WordVocabulary words = new WordVocabulary(List.of("<bos>", "mary", "john"), 0);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> words.encode("mary jhon"))
        .withMessageContaining("'jhon'")
        .withMessageContaining("john");
  }

  @Test
  void wordsAreSeparatedByBlanksAndTheBeginningIsLeftOut() {
    WordVocabulary words = new WordVocabulary(List.of("<bos>", "mary", "john"), 0);
    assertThat(words.encode("  mary\n john ")).containsExactly(1, 2);
    assertThat(words.encode("")).isEmpty();
    assertThat(words.decode(new int[] {0, 1, 2})).isEqualTo("mary john");
    assertThatIllegalArgumentException().isThrownBy(() -> new WordVocabulary(List.of("a", "a"), 0));
    assertThatIllegalArgumentException().isThrownBy(() -> new WordVocabulary(List.of("a b"), 0));
    assertThatIllegalArgumentException().isThrownBy(() -> new WordVocabulary(List.of("a"), 1));
  }

  @Test
  void aCorpusIsCutOnce() {
    CharCorpus corpus = CharCorpus.of("abcabcabca", 0.3);
    assertThat(corpus.vocabulary().decode(corpus.train())).isEqualTo("abcabca");
    assertThat(corpus.vocabulary().decode(corpus.validation())).isEqualTo("bca");
    assertThatIllegalArgumentException().isThrownBy(() -> CharCorpus.of("ab", 0));
    assertThatIllegalArgumentException().isThrownBy(() -> CharCorpus.of("", 0.1));
  }

  @Test
  void tinyShakespeareHasItsPublishedSize() {
    TestData.folder("tinyshakespeare");
    CharCorpus corpus = CharCorpus.tinyShakespeare();
    // 1,115,394 characters, 65 different ones, nine tenths to train (Karpathy's char-rnn).
    assertThat(corpus.vocabulary().vocab()).isEqualTo(65);
    assertThat(corpus.train().length + corpus.validation().length).isEqualTo(1_115_394);
    assertThat(corpus.validation().length).isEqualTo(111_539);
  }
}
