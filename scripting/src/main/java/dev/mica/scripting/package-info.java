/** The language: the words, the engine that runs them, and their analysis. */
@NullMarked
package dev.mica.scripting;

import org.jspecify.annotations.NullMarked;
