/** Who may do what. */
@NullMarked
package dev.mica.access;

import org.jspecify.annotations.NullMarked;
