/** What a guest is started from: a kernel, its modules, and the first file system. */
@NullMarked
package dev.mica.vm.guest;

import org.jspecify.annotations.NullMarked;
