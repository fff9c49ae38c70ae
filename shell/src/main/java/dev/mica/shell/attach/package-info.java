/**
 * What a conversation is attached to: the streams and the terminal of the process, and its keys.
 */
@NullMarked
package dev.mica.shell.attach;

import org.jspecify.annotations.NullMarked;
