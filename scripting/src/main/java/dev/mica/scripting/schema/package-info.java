/** What Mica's objects look like to programs: their fields and their JSON. */
@NullMarked
package dev.mica.scripting.schema;

import org.jspecify.annotations.NullMarked;
