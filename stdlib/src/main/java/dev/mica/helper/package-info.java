/** The helper VM: one machine that serves unions for this host. */
@NullMarked
package dev.mica.helper;

import org.jspecify.annotations.NullMarked;
