/** What the tests of every module share; reached through stdlib's test jar. */
@NullMarked
package dev.mica.test;

import org.jspecify.annotations.NullMarked;
