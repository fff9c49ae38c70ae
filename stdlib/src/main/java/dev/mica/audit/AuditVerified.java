package dev.mica.audit;

/**
 * What a verification of the audit has found.
 *
 * @param intact whether all lines from {@code first} to {@code last} are as they were written
 * @param first the number of the oldest line that is there; 0 if there is none
 * @param last the number of the last line before the problem, or of the last one
 * @param hash the hash of that line, to be kept elsewhere; "" if there is none
 * @param problem the first thing that is wrong, or ""
 */
public record AuditVerified(boolean intact, long first, long last, String hash, String problem) {}
