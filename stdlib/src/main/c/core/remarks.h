/* remarks.h - what a call has to say of single paths, collected for its caller. Private to core/. */
#ifndef MICA_REMARKS_H
#define MICA_REMARKS_H

#include "base.h"

/* remarks may be NULL: nobody wants to know. detail: "" or what of the path. */
errint_t remarks_add(struct mica_remarks *remarks, uint32_t what, const char *path, const char *detail);

#endif
