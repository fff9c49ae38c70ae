/**
 * The language: its words, its engines, completion and help. Start at {@link Session}. Nobody
 * outside needs a type of Groovy.
 */
@NullMarked
package dev.mica.scripting;

import org.jspecify.annotations.NullMarked;
