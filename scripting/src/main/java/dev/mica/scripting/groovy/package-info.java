/** The script engine for Groovy. */
@NullMarked
package dev.mica.scripting.groovy;

import org.jspecify.annotations.NullMarked;
