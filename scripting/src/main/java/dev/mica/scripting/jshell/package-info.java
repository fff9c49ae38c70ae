/** The script engine for Java, which is JShell. */
@NullMarked
package dev.mica.scripting.jshell;

import org.jspecify.annotations.NullMarked;
