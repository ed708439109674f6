package org.lapidary.io;

import static org.lapidary.io.FormatException.quote;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The header of a .npy file: a Python dict with exactly the keys descr (a text), fortran_order and
 * shape (a tuple of whole numbers). Read by a parser of just that.
 */
record NpyHeader(NumpyType type, boolean fortran, long[] shape) {
  private static final int MAX_HEADER = 65_536;

  static NpyHeader parse(MemorySegment text, FileBytes file, long start) {
    if (text.byteSize() > MAX_HEADER) {
      throw file.fault(start, "a header of " + text.byteSize() + " bytes", "at most " + MAX_HEADER);
    }
    return new Parse(ByteCursor.utf8(text, file, start, "a header"), file, start).dict();
  }

  private static final class Parse {
    private final String text;
    private final FileBytes file;
    private final long start;
    private int at;

    Parse(String text, FileBytes file, long start) {
      this.text = text;
      this.file = file;
      this.start = start;
    }

    NpyHeader dict() {
      NumpyType type = null;
      Boolean fortran = null;
      long[] shape = null;
      require('{');
      while (!accept('}')) {
        int keyAt = at;
        String key = string();
        require(':');
        boolean fresh =
            switch (key) {
              case "descr" -> type == null;
              case "fortran_order" -> fortran == null;
              case "shape" -> shape == null;
              default -> false;
            };
        if (!fresh) {
          throw fault(keyAt, "the key " + quote(key), "descr, fortran_order and shape once each");
        }
        switch (key) {
          case "descr" -> type = type();
          case "fortran_order" -> fortran = bool();
          default -> shape = tuple();
        }
        if (!accept(',')) {
          require('}');
          break;
        }
      }
      if (at < text.length() && !text.substring(at).isBlank()) {
        throw fault(at, "more text after the header", "its end");
      }
      return complete(type, fortran, shape);
    }

    private NpyHeader complete(
        @Nullable NumpyType type, @Nullable Boolean fortran, long @Nullable [] shape) {
      if (type == null || fortran == null || shape == null) {
        throw fault(at, "an incomplete header", "descr, fortran_order and shape");
      }
      return new NpyHeader(type, fortran, shape);
    }

    private NumpyType type() {
      int typeAt = at;
      if (peek() == '[') {
        throw unreadable(typeAt, "records with fields");
      }
      String descriptor = string();
      return NumpyType.of(descriptor).orElseThrow(() -> unreadable(typeAt, quote(descriptor)));
    }

    private FormatException unreadable(int typeAt, String found) {
      return file.fault(
          start + typeAt,
          "the element type " + found,
          "little-endian numbers or booleans (<f4, <f8, <i4, <i8, |b1, |u1, ...)",
          "save it from NumPy with astype to one of these");
    }

    private boolean bool() {
      if (accept("True")) {
        return true;
      }
      if (accept("False")) {
        return false;
      }
      throw fault(at, "another value", "True or False");
    }

    private long[] tuple() {
      long[] sizes = new long[RawTensor.MAX_RANK];
      int count = 0;
      require('(');
      while (!accept(')')) {
        if (count == sizes.length) {
          throw fault(at, "more than " + sizes.length + " dimensions", "fewer");
        }
        sizes[count++] = number();
        if (!accept(',')) {
          require(')');
          break;
        }
      }
      return Arrays.copyOf(sizes, count);
    }

    private long number() {
      peek();
      int from = at;
      while (at < text.length() && text.charAt(at) >= '0' && text.charAt(at) <= '9') {
        at++;
      }
      if (at == from || at - from > 18) {
        throw fault(from, "no whole number of at most 18 digits", "a dimension");
      }
      return Long.parseLong(text, from, at, 10);
    }

    private String string() {
      int quoteMark = peek();
      int end = quoteMark == '\'' || quoteMark == '"' ? text.indexOf(quoteMark, at + 1) : -1;
      if (end < 0) {
        throw fault(at, "no quoted text", "one");
      }
      String string = text.substring(at + 1, end);
      at = end + 1;
      return string;
    }

    /** The next character that is no space, not consumed; -1 at the end. */
    private int peek() {
      while (at < text.length() && text.charAt(at) <= ' ') {
        at++;
      }
      return at < text.length() ? text.charAt(at) : -1;
    }

    private boolean accept(char c) {
      if (peek() != c) {
        return false;
      }
      at++;
      return true;
    }

    private boolean accept(String word) {
      peek();
      if (!text.startsWith(word, at)) {
        return false;
      }
      at += word.length();
      return true;
    }

    private void require(char c) {
      if (!accept(c)) {
        throw fault(at, "another character", quote(String.valueOf(c)));
      }
    }

    private FormatException fault(int place, String found, String expected) {
      return file.fault(start + place, found + " in the header", expected);
    }
  }
}
