/**
 * Mica's objects: folders, unions, commits, the host they live on and its helper VM. Start at
 * {@link Mica}.
 */
@NullMarked
package dev.mica;

import org.jspecify.annotations.NullMarked;
