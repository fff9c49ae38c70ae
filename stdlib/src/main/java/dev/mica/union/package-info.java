/**
 * Unions: the spec of one and the checks before it is made, the mounters that can serve it, and the
 * records of all unions, mounted or not.
 */
@NullMarked
package dev.mica.union;

import org.jspecify.annotations.NullMarked;
