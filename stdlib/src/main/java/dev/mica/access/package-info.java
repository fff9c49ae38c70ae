/** The caller of each object, and the roles, which say what a caller may do. */
@NullMarked
package dev.mica.access;

import org.jspecify.annotations.NullMarked;
