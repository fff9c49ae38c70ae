/** Folders and what differs between two of them. */
@NullMarked
package dev.mica.folder;

import org.jspecify.annotations.NullMarked;
