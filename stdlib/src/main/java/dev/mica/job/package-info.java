/** What is being done right now: how far it is, and how it is ended. */
@NullMarked
package dev.mica.job;

import org.jspecify.annotations.NullMarked;
