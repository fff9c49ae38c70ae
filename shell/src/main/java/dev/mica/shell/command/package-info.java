/** The command language: one table of all verbs, and what a line of a conversation does. */
@NullMarked
package dev.mica.shell.command;

import org.jspecify.annotations.NullMarked;
