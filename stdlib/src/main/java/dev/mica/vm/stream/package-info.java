/** The streams of a process in a guest, as {@code docs/stream-protocol.md} has them. */
@NullMarked
package dev.mica.vm.stream;

import org.jspecify.annotations.NullMarked;
