/** What {@code mica serve} does: it runs the SSH server, and what the clients ask for. */
@NullMarked
package dev.mica.shell.serve;

import org.jspecify.annotations.NullMarked;
