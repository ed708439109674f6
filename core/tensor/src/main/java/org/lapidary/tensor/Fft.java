package org.lapidary.tensor;

/** Discrete Fourier transforms along one dimension; inverse transforms divide by the length. */
public final class Fft {
  private Fft() {}

  /** Real or complex in, complex out. */
  public static Tensor fft(Tensor x, int dim) {
    return apply(Op.Fft.Kind.FFT, x, -1, dim);
  }

  public static Tensor ifft(Tensor x, int dim) {
    return apply(Op.Fft.Kind.IFFT, x, -1, dim);
  }

  /** Real in; the n/2+1 non-negative frequencies out. */
  public static Tensor rfft(Tensor x, int dim) {
    return apply(Op.Fft.Kind.RFFT, x, -1, dim);
  }

  /** The inverse of {@link #rfft} for a signal of {@code n} points. */
  public static Tensor irfft(Tensor x, long n, int dim) {
    return apply(Op.Fft.Kind.IRFFT, x, n, dim);
  }

  public static Tensor real(Tensor x) {
    return Evaluator.one(new Op.ComplexPart(false), x);
  }

  public static Tensor imaginary(Tensor x) {
    return Evaluator.one(new Op.ComplexPart(true), x);
  }

  public static Tensor complex(Tensor real, Tensor imaginary) {
    return Evaluator.one(new Op.MakeComplex(), real, imaginary);
  }

  private static Tensor apply(Op.Fft.Kind kind, Tensor x, long n, int dim) {
    return Evaluator.one(new Op.Fft(kind, n, x.shape().axis(dim)), x);
  }
}
