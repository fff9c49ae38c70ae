/**
 * The language: its words, its engines, and what can be said of a text without running it. Start at
 * {@link Session}. No type of Groovy leaves this package.
 */
@NullMarked
package dev.mica.scripting;

import org.jspecify.annotations.NullMarked;
