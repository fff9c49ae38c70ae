/** What may be typed next, found without running anything. */
@NullMarked
package dev.mica.scripting.complete;

import org.jspecify.annotations.NullMarked;
