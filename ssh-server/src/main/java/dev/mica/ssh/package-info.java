/**
 * An SSH server for the users of a state directory. It decides who may log in, and which
 * cryptographic algorithms are used. What clients ask for is done by a {@link
 * dev.mica.ssh.Receiver}.
 */
@NullMarked
package dev.mica.ssh;

import org.jspecify.annotations.NullMarked;
