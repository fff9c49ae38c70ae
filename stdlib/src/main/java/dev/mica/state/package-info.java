/**
 * The state directory: its records, its journal, and its locks.
 *
 * <p>There are two kinds of locks, and two types of what a thread holds. {@link
 * dev.mica.state.ObjectLocks} has a lock for each object ("union web"). {@link
 * dev.mica.state.Mutex} is the one lock of the directory, under which records and the journal are
 * read and written. A thread that has locked some objects holds a {@link dev.mica.state.Hold}. A
 * thread that has locked some objects and the directory holds a {@link dev.mica.state.LockedState},
 * which runs journaled operations.
 */
@NullMarked
package dev.mica.state;

import org.jspecify.annotations.NullMarked;
