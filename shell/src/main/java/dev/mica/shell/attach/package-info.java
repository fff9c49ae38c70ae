/**
 * The things that a conversation is attached to: the streams, the terminal, the keys and the
 * signals of the process, and the console of a VM.
 */
@NullMarked
package dev.mica.shell.attach;

import org.jspecify.annotations.NullMarked;
