/**
 * The application: {@link Main} and the meaning of the program's arguments. The command language,
 * the prompt and the printers are in the packages below.
 */
@NullMarked
package dev.mica.shell;

import org.jspecify.annotations.NullMarked;
