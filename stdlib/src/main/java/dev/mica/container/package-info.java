/** Containers, each in a virtual machine of its own: what they are made of, run, and left. */
@NullMarked
package dev.mica.container;

import org.jspecify.annotations.NullMarked;
