/**
 * The command language: the table of all commands, and the conversation, which decides what a line
 * does.
 */
@NullMarked
package dev.mica.shell.command;

import org.jspecify.annotations.NullMarked;
