/** How results are printed: as tables for people, as JSON and YAML for programs. */
@NullMarked
package dev.mica.shell.print;

import org.jspecify.annotations.NullMarked;
