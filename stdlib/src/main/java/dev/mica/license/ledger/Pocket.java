package dev.mica.license.ledger;

/**
 * Seats that were moved to a host, which gives them to its VMs without asking.
 *
 * @param until when the host stops to use them, in seconds since 1970
 */
public record Pocket(int seats, long until) {}
