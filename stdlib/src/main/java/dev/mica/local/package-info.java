/**
 * The server's side of {@code docs/attach-protocol.md}: what processes of the same user on this
 * host ask the server of a state directory to run. What that is, a {@link
 * dev.mica.local.LocalReceiver} decides.
 */
@NullMarked
package dev.mica.local;

import org.jspecify.annotations.NullMarked;
