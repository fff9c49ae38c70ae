/** An SSH server that will hand its sessions to the shell. Nothing listens yet. */
@NullMarked
package dev.mica.ssh;

import org.jspecify.annotations.NullMarked;
