/** The work under way: how far it is, and how it is cancelled. */
@NullMarked
package dev.mica.job;

import org.jspecify.annotations.NullMarked;
