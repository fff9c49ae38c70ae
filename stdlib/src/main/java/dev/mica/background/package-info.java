/**
 * Jobs: work that goes on when whoever asked for it has left. A job belongs to the process that
 * runs it, and every process of the state directory can see it, wait for it and cancel it.
 */
@NullMarked
package dev.mica.background;

import org.jspecify.annotations.NullMarked;
