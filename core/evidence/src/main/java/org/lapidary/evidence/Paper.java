package org.lapidary.evidence;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Marks a package as the home of one published method: one row of the catalog. The catalog is read
 * from these annotations and from the ledger; nothing is listed twice.
 */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.PACKAGE)
public @interface Paper {
  /** The row's short name, as typed in {@code lapidary reproduce ID}. */
  String id();

  /** The paper's title, unabridged. */
  String title();

  /** The arXiv identifier such as {@code 2406.11944}, or empty where there is none. */
  String arxiv() default "";

  /** The claim that the reproduction checks, in one or two sentences. */
  String claim();

  /** The experiment that checks the claim. It has a public constructor without arguments. */
  Class<? extends Reproduction> reproduction();
}
