package org.lapidary.cli;

import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/** Token ids as they are written on the command line. */
final class TokenIds {
  private TokenIds() {}

  static int[] parse(CommandSpec spec, String list) {
    String[] words = list.split(",", -1);
    int[] ids = new int[words.length];
    for (int i = 0; i < ids.length; i++) {
      try {
        ids[i] = Integer.parseInt(words[i].strip());
      } catch (NumberFormatException e) {
        throw new ParameterException(
            spec.commandLine(),
            "'%s' is not a token id; write whole numbers with commas, such as 1,2,3"
                .formatted(words[i]));
      }
    }
    return ids;
  }
}
