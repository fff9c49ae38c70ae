/** Union mounts: a spec, the mounters that can serve it, and the registry of live ones. */
@NullMarked
package dev.mica.union;

import org.jspecify.annotations.NullMarked;
