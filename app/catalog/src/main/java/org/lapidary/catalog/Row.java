package org.lapidary.catalog;

/**
 * One published method.
 *
 * @param id short and unique, as typed on the command line
 * @param title of the paper
 * @param arxiv identifier such as {@code 2406.11944}, or empty
 * @param area the part of the field
 * @param name what the method is called
 */
public record Row(String id, String title, String arxiv, Area area, String name) {}
