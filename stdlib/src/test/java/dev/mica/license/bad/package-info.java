/**
 * Ledgers that give a seat twice, or lose one. The checkers must say so: if they do not, what they
 * say of ours is worth nothing.
 */
@NullMarked
package dev.mica.license.bad;

import org.jspecify.annotations.NullMarked;
