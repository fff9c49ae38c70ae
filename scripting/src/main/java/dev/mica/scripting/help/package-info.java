/** What there is to say of a word or a member, and what members a type has. */
@NullMarked
package dev.mica.scripting.help;

import org.jspecify.annotations.NullMarked;
