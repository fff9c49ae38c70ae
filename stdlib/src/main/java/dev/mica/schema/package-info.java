/**
 * Descriptors: the fields, JSON and help of a type are described once, for all who show, explain or
 * complete it. This package knows no such type itself.
 */
@NullMarked
package dev.mica.schema;

import org.jspecify.annotations.NullMarked;
