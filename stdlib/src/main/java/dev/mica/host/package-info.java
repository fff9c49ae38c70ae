/** The host, and what works on it. */
@NullMarked
package dev.mica.host;

import org.jspecify.annotations.NullMarked;
