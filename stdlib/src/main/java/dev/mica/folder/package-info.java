/** Folders: local ones and those in archives, their copies, and the diff of two of them. */
@NullMarked
package dev.mica.folder;

import org.jspecify.annotations.NullMarked;
