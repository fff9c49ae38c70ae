/** Groovy as an engine. */
@NullMarked
package dev.mica.scripting.groovy;

import org.jspecify.annotations.NullMarked;
