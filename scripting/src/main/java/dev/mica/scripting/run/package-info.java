/**
 * What every script runs in: its context, and an evaluation that can be cancelled or left alone.
 */
@NullMarked
package dev.mica.scripting.run;

import org.jspecify.annotations.NullMarked;
