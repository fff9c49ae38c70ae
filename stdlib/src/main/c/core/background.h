/* background.h - a program that outlives whoever started it. Private to Mica's programs. */
#ifndef MICA_BACKGROUND_H
#define MICA_BACKGROUND_H

#include "base.h"

/*
 * Goes on in a process of its own, in a session of its own, no child of whoever started us: that one need not stay for
 * our end. The process that was started waits, and ends with 0 once a byte is written to *waiting, or with 1 if that is
 * closed before; what went wrong is said by then.
 */
errint_t mica_go_background(int *waiting, struct mica_error *err);

#endif
