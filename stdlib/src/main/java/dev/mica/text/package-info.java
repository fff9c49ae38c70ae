/** Turns paths and other bytes into texts, for people and to be read again. */
@NullMarked
package dev.mica.text;

import org.jspecify.annotations.NullMarked;
