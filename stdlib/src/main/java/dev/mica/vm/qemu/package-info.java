/** QEMU: its process, its monitor, and what is plugged into it. */
@NullMarked
package dev.mica.vm.qemu;

import org.jspecify.annotations.NullMarked;
