package dev.mica.audit;

import java.time.Instant;

/**
 * One line of the audit.
 *
 * @param number counted from 1
 * @param time when it was over
 * @param user who asked; "" for what the audit notes about itself
 * @param role what the user may do: {@code operator}
 * @param door how the user came in: {@code local} or {@code ssh}
 * @param from the user id of the process, or the address of the client
 * @param key the fingerprint of the key that the user logged in with, or tried last
 * @param command the command, as {@code vm run}; "" if it was asked for in the language
 * @param what what was to be changed: {@code remove the union web}
 * @param outcome {@code ok}, {@code refused} or {@code failed}
 * @param why the failure in one line, or ""
 * @param previous the hash of the line before
 * @param hash the SHA-256 of the rest of this line
 */
public record AuditLine(
    long number,
    Instant time,
    String user,
    String role,
    String door,
    String from,
    String key,
    String command,
    String what,
    String outcome,
    String why,
    String previous,
    String hash) {}
