/** The application: command language, prompt, printers. */
@NullMarked
package dev.mica.shell;

import org.jspecify.annotations.NullMarked;
