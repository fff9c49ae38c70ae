/**
 * Images of OCI: where they come from and go to (registries, archives, layouts), and the blobs they
 * are made of. What is pulled, loaded or imported becomes a commit of the store like any other.
 */
@NullMarked
package dev.mica.image;

import org.jspecify.annotations.NullMarked;
