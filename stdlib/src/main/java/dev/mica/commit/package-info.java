/** Commits of unions: layers in a store, their records, their digests, their graph. */
@NullMarked
package dev.mica.commit;

import org.jspecify.annotations.NullMarked;
