/** Commits of unions: layers in a store, their manifests, their graph. */
@NullMarked
package dev.mica.commit;

import org.jspecify.annotations.NullMarked;
