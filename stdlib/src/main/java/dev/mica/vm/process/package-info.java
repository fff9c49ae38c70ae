/** Programs and daemons of this host, and the sockets to speak with them. */
@NullMarked
package dev.mica.vm.process;

import org.jspecify.annotations.NullMarked;
