/* setid.h - the right to keep set-id bits, for a thread that serves those who lack it. */
#ifndef MICA_SETID_H
#define MICA_SETID_H

#include <stdbool.h>

/* Without CAP_FSETID a write, a change of size and the like take set-id bits away, as for its caller; and with it
 * again. */
void setid_drop(bool drop);

#endif
