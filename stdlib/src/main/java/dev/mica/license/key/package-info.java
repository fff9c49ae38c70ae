/** Licence keys: what an issuer signs, how it is checked, and what it is called between hosts. */
@NullMarked
package dev.mica.license.key;

import org.jspecify.annotations.NullMarked;
