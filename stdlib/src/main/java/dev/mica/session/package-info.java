/** The sessions of the users of the SSH server: what they run, and who may see and end them. */
@NullMarked
package dev.mica.session;

import org.jspecify.annotations.NullMarked;
