package org.lapidary.tensor;

import java.util.Arrays;

/** libtorch refused an operation whose arguments had the right types, or ran out of memory. */
public final class NativeException extends RuntimeException {
  private static final long serialVersionUID = 1;

  NativeException(String what, TensorType[] in, RuntimeException cause) {
    super("%s on %s: %s".formatted(what, Arrays.toString(in), firstLine(cause)), cause);
  }

  /** The first line only: the rest is libtorch's own stack. */
  private static String firstLine(RuntimeException cause) {
    String message = String.valueOf(cause.getMessage()).strip();
    int end = message.indexOf('\n');
    String line = end < 0 ? message : message.substring(0, end);
    return line.endsWith("is not implemented") && line.startsWith("derivative for")
        ? line + "; compute the loss inside Decomposition.on(), which has derivatives of any order"
        : line;
  }
}
