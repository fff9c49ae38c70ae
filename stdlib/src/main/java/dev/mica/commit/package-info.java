/** Commits of a union, and the store that keeps them. */
@NullMarked
package dev.mica.commit;

import org.jspecify.annotations.NullMarked;
