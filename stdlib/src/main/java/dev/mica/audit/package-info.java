/** The audit: who has changed what, and who has tried to log in. */
@NullMarked
package dev.mica.audit;

import org.jspecify.annotations.NullMarked;
