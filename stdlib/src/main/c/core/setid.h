/* setid.h - takes the right to keep set-id bits from a thread that serves callers without that right. */
#ifndef MICA_SETID_H
#define MICA_SETID_H

#include <stdbool.h>

/* Drops CAP_FSETID for this thread, so that a write or a change of size removes set-id bits, or takes it again. */
void setid_drop(bool drop);

#endif
