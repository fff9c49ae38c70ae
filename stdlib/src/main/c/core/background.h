/* background.h - lets a program go on when the process that started it has ended. Private to Mica's programs. */
#ifndef MICA_BACKGROUND_H
#define MICA_BACKGROUND_H

#include "base.h"

/*
 * Forks, and returns in the child, which gets a session of its own. The parent only waits: it exits with 0 once a byte
 * is written to *waiting, or with 1 if *waiting is closed before that. The caller must close *waiting, and must report
 * a failure before it does.
 */
errint_t mica_go_background(int *waiting, struct mica_error *err);

#endif
