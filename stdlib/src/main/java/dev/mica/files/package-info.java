/** The files that a caller reaches from elsewhere, below a root that is no folder of this host. */
@NullMarked
package dev.mica.files;

import org.jspecify.annotations.NullMarked;
