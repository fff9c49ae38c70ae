/**
 * VMs as people know them, each with one container: how it is made, started, watched and removed,
 * and how programs run in it.
 */
@NullMarked
package dev.mica.container;

import org.jspecify.annotations.NullMarked;
