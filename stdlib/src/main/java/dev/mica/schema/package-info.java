/** How a type is described once for all who show, explain or complete it; knows no type itself. */
@NullMarked
package dev.mica.schema;

import org.jspecify.annotations.NullMarked;
