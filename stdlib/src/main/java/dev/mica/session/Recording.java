package dev.mica.session;

import java.nio.file.Path;
import java.time.Instant;

/**
 * What the terminal of a session has shown, as a file in the format asciicast v3.
 *
 * @param file where it lies
 * @param user whose session it was
 * @param began when the session began, to the second
 * @param size in bytes
 */
public record Recording(Path file, String user, Instant began, long size) {}
