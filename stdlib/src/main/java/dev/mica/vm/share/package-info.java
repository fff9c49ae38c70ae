/** Shares: folders of this host that a machine may use, and the file servers that serve them. */
@NullMarked
package dev.mica.vm.share;

import org.jspecify.annotations.NullMarked;
