/**
 * The seats of a fleet as one state machine: what is in its log, what each entry does and what it
 * answers. No clock, no thread, no socket and no random number: who has the same log has the same
 * state, to the byte.
 */
@NullMarked
package dev.mica.license.ledger;

import org.jspecify.annotations.NullMarked;
