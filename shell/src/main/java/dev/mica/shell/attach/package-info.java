/**
 * The things that a conversation is attached to: the streams, the terminal, the keys and the
 * signals of the process, and what they are attached to: a console, or a program in a VM.
 */
@NullMarked
package dev.mica.shell.attach;

import org.jspecify.annotations.NullMarked;
