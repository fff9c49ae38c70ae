/** The conversation with the agent, which is the first process of a guest. */
@NullMarked
package dev.mica.vm.agent;

import org.jspecify.annotations.NullMarked;
