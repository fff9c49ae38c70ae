/** Folders of this host that a machine has, and the servers that give it them. */
@NullMarked
package dev.mica.vm.share;

import org.jspecify.annotations.NullMarked;
