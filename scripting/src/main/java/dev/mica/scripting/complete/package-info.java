/**
 * Completion: finds what may be typed next without running anything. Also reads Groovy source text
 * for others.
 */
@NullMarked
package dev.mica.scripting.complete;

import org.jspecify.annotations.NullMarked;
