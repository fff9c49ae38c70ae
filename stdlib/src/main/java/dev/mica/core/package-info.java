/** The binding to the C core (mica.h): the only package that touches java.lang.foreign. */
@NullMarked
package dev.mica.core;

import org.jspecify.annotations.NullMarked;
