package org.lapidary.interpret.compiled;

/** A value at every position of a sequence. */
public sealed interface Variable permits Categorical, Numerical {}
