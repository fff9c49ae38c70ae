/** Union mounts. */
@NullMarked
package dev.mica.union;

import org.jspecify.annotations.NullMarked;
