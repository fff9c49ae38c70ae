/**
 * Machines: what they are made of, and their start, state and end. Each room below is one part of
 * it.
 */
@NullMarked
package dev.mica.vm;

import org.jspecify.annotations.NullMarked;
