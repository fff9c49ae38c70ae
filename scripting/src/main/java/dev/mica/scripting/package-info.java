/**
 * The language: its words, its engines, and what can be said of a text without running it. Start at
 * {@link Session}. Nobody outside needs a type of Groovy.
 */
@NullMarked
package dev.mica.scripting;

import org.jspecify.annotations.NullMarked;
