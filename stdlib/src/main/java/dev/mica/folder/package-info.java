/** Places and what differs between them. */
@NullMarked
package dev.mica.folder;

import org.jspecify.annotations.NullMarked;
