/** Java as an engine. */
@NullMarked
package dev.mica.scripting.jshell;

import org.jspecify.annotations.NullMarked;
