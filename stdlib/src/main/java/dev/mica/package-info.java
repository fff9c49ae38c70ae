/**
 * Mica's objects: folders, unions, commits, VMs, this host and its helper VM. Start at {@link
 * Mica}.
 */
@NullMarked
package dev.mica;

import org.jspecify.annotations.NullMarked;
