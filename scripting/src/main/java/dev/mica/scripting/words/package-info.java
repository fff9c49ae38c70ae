/** The words of the language, and what Groovy adds to Mica's objects. */
@NullMarked
package dev.mica.scripting.words;

import org.jspecify.annotations.NullMarked;
