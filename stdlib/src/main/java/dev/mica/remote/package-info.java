/**
 * Other hosts, reached by the program {@code ssh} of the user whom Mica runs as: what runs there,
 * and the files that an SFTP server there shows.
 */
@NullMarked
package dev.mica.remote;

import org.jspecify.annotations.NullMarked;
