/**
 * The users of the SSH server: who may log in, with which keys, in which role, and in which folders
 * of this host they may name paths.
 */
@NullMarked
package dev.mica.user;

import org.jspecify.annotations.NullMarked;
