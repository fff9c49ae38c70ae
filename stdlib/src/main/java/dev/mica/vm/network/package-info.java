/** What a guest's network card leads to, and the process on this host that carries it. */
@NullMarked
package dev.mica.vm.network;

import org.jspecify.annotations.NullMarked;
