/* remarks.h - collects the remarks of a call on single paths for its caller. Private to core/. */
#ifndef MICA_REMARKS_H
#define MICA_REMARKS_H

#include "base.h"

/* Adds a remark. detail is "" if there is nothing to add to the path. If remarks is NULL, the caller does not want any,
 * and nothing is done. -ENOMEM. */
errint_t remarks_add(struct mica_remarks *remarks, uint32_t what, const char *path, const char *detail);

#endif
