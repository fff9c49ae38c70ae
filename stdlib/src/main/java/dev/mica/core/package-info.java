/** The binding to the C core: the only package that calls foreign functions. */
@NullMarked
package dev.mica.core;

import org.jspecify.annotations.NullMarked;
