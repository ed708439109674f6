package org.lapidary.catalog.runs;

/** A file or folder that a run wrote: what it is, and its absolute path. */
public record Artifact(String name, String path) {}
