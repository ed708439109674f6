package org.lapidary.tensor;

import org.jspecify.annotations.Nullable;

/** The one way by which an operation runs: check, evaluate, own, record. */
final class Evaluator {
  private Evaluator() {}

  /** Tests set it: every inferred type is compared with what libtorch made. */
  private static final boolean CHECK = Boolean.getBoolean("lapidary.checkInference");

  static {
    Natives.load();
  }

  static Tensor one(Op op, Tensor a) {
    return one(op, new Tensor[] {a}, new TensorType[] {a.type()});
  }

  static Tensor one(Op op, Tensor a, Tensor b) {
    return one(op, new Tensor[] {a, b}, new TensorType[] {a.type(), b.type()});
  }

  static Tensor one(Op op, Tensor... in) {
    return one(op, in, types(in));
  }

  private static Tensor one(Op op, Tensor[] in, TensorType[] types) {
    TensorType type = Signatures.infer(op, types)[0];
    Context context = Context.current();
    if (context.decompose && op instanceof Op.Fused fused) {
      return Decomposition.apply(fused, in)[0];
    }
    org.bytedeco.pytorch.Tensor[] handles = handles(in);
    org.bytedeco.pytorch.Tensor out;
    try {
      if (op instanceof Op.LinearAlgebra && BigStack.needed(op, types)) {
        context.factorised = true;
        out = BigStack.call(() -> NativeOps.eval(op, type, handles));
      } else {
        out = NativeOps.eval(op, type, handles);
      }
    } catch (RuntimeException e) {
      throw new NativeException(op.label(), types, e);
    }
    Tensor tensor = wrap(op, type, out, context);
    Recorder recorder = context.recorder;
    if (recorder != null) {
      recorder.record(op, in, tensor);
    }
    return tensor;
  }

  /** Runs an operation that may have several outputs. */
  static Tensor[] all(Op op, Tensor... in) {
    TensorType[] types = types(in);
    TensorType[] outTypes = Signatures.infer(op, types);
    if (outTypes.length == 1) {
      return new Tensor[] {one(op, in, types)};
    }
    Context context = Context.current();
    if (context.decompose && op instanceof Op.Fused fused) {
      return Decomposition.apply(fused, in);
    }
    org.bytedeco.pytorch.Tensor[] handles = handles(in);
    org.bytedeco.pytorch.Tensor[] out;
    try {
      if (op instanceof Op.LinearAlgebra && BigStack.needed(op, types)) {
        context.factorised = true;
        out = BigStack.call(() -> NativeOps.evalAll(op, handles));
      } else {
        out = NativeOps.evalAll(op, handles);
      }
    } catch (RuntimeException e) {
      throw new NativeException(op.label(), types, e);
    }
    Tensor[] tensors = new Tensor[out.length];
    for (int i = 0; i < out.length; i++) {
      tensors[i] = wrap(op, outTypes[i], out[i], context);
    }
    Recorder recorder = context.recorder;
    if (recorder != null) {
      recorder.record(op, in, tensors);
    }
    return tensors;
  }

  /** Wraps a tensor that no operation made: a parameter, an input. */
  static Tensor wrap(TensorType type, org.bytedeco.pytorch.Tensor out) {
    return wrap(null, type, out, Context.current());
  }

  private static Tensor wrap(
      @Nullable Op op, TensorType type, org.bytedeco.pytorch.Tensor out, Context context) {
    if (CHECK && !Natives.type(out).equals(type)) {
      throw new AssertionError(
          "%s: inferred %s, libtorch made %s"
              .formatted(op == null ? "source" : op.label(), type, Natives.type(out)));
    }
    Tensor tensor = new Tensor(out, type, op == null ? "source" : op);
    if (context.scope != null) {
      context.scope.own(tensor);
    } else {
      GcPressure.made(type);
    }
    return tensor;
  }

  private static TensorType[] types(Tensor[] in) {
    TensorType[] types = new TensorType[in.length];
    for (int i = 0; i < in.length; i++) {
      types[i] = in[i].type();
    }
    return types;
  }

  private static org.bytedeco.pytorch.Tensor[] handles(Tensor[] in) {
    org.bytedeco.pytorch.Tensor[] handles = new org.bytedeco.pytorch.Tensor[in.length];
    for (int i = 0; i < in.length; i++) {
      handles[i] = in[i].handle();
    }
    return handles;
  }
}
