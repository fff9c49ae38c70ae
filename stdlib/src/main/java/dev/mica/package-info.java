/** Mica's objects: folders, unions, commits and the host they live on. Start at {@link Mica}. */
@NullMarked
package dev.mica;

import org.jspecify.annotations.NullMarked;
