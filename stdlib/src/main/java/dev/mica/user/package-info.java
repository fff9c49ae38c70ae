/**
 * The users of the SSH server: who may log in, with which keys, in which role, and to which folders
 * of this host their words may lead.
 */
@NullMarked
package dev.mica.user;

import org.jspecify.annotations.NullMarked;
