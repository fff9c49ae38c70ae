/** What went wrong, for people: what was being done, to what, why, and what to do about it. */
@NullMarked
package dev.mica.failure;

import org.jspecify.annotations.NullMarked;
