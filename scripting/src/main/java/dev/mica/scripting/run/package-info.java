/**
 * The things that every script runs in: its context, its engine, and an evaluation, which can be
 * cancelled or left alone.
 */
@NullMarked
package dev.mica.scripting.run;

import org.jspecify.annotations.NullMarked;
