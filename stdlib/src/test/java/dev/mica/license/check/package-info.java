/**
 * Says of a ledger's history whether it kept its promise: by the order that its own answers name
 * where they name one, and by search where they do not.
 */
@NullMarked
package dev.mica.license.check;

import org.jspecify.annotations.NullMarked;
