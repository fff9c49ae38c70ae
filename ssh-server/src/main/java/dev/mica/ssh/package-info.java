/**
 * The door: an SSH server for the users of a state directory. It decides who comes in and with
 * which cryptography; what their words do is decided by the {@link dev.mica.ssh.Receiver} that it
 * is given.
 */
@NullMarked
package dev.mica.ssh;

import org.jspecify.annotations.NullMarked;
