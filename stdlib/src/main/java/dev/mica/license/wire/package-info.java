/** What hosts of a fleet send each other and put into their log: each signed by who made it. */
@NullMarked
package dev.mica.license.wire;

import org.jspecify.annotations.NullMarked;
