/** Virtual machines: QEMU, the kernel and the shares it is given, and the agent inside. */
@NullMarked
package dev.mica.vm;

import org.jspecify.annotations.NullMarked;
