/** This machine: what works on it, and the line that mends what does not. */
@NullMarked
package dev.mica.host;

import org.jspecify.annotations.NullMarked;
