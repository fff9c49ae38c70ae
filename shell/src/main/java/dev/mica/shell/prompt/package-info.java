/** The readers of lines, which have them done: the prompt with its editor, and a pipe. */
@NullMarked
package dev.mica.shell.prompt;

import org.jspecify.annotations.NullMarked;
