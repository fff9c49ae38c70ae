/**
 * What replicates the log of a fleet: Apache Ratis. Nothing outside of this package knows it, and
 * its jars are on the class path of {@code mica serve} alone.
 */
@NullMarked
package dev.mica.license.engine;

import org.jspecify.annotations.NullMarked;
