package dev.mica.vm.stream;

/**
 * A process that a user's streams can be attached to.
 *
 * @param stream its streams; whoever attaches to them closes them
 * @param input whether it is to have the user's input; else its input ends at once
 * @param terminal whether it has a terminal
 * @param stays whether it goes on when they are closed, so that one can detach from it
 */
public record Attachable(ProcessStream stream, boolean input, boolean terminal, boolean stays) {}
