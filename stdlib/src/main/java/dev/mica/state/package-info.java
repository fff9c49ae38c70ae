/** The state directory: its lock, its journal, its records. */
@NullMarked
package dev.mica.state;

import org.jspecify.annotations.NullMarked;
