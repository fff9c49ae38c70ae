package dev.mica.container;

/**
 * What a program left that was run in a container.
 *
 * @param status its exit status; 128 and the signal's number if one ended it
 * @param output what it wrote to its standard output
 * @param errors what it wrote to its standard error
 */
public record Ran(int status, String output, String errors) {}
