/** The help of words and members, and the list of the members that a type has. */
@NullMarked
package dev.mica.scripting.help;

import org.jspecify.annotations.NullMarked;
