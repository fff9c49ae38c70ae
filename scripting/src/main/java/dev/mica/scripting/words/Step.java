package dev.mica.scripting.words;

/**
 * Something that a {@link Words#plan plan} would do.
 *
 * @param does {@code pull}, {@code make}, {@code mount}, {@code publish}, {@code start} or {@code
 *     commit}
 * @param what to what: {@code VM web}
 * @param how with what it would be done
 * @param problem why it would fail; empty if nothing speaks against it
 */
public record Step(String does, String what, String how, String problem) {}
