/** What {@code mica serve} is: the server, and what it does for those who come in. */
@NullMarked
package dev.mica.shell.serve;

import org.jspecify.annotations.NullMarked;
