/** Reads lines, from the prompt's editor or from a pipe, and gives each to the conversation. */
@NullMarked
package dev.mica.shell.prompt;

import org.jspecify.annotations.NullMarked;
