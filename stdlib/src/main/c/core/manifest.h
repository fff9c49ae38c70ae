/* manifest.h - the check of a tree that another thread reads at the same time. Private to core/ and the agent. */
#ifndef MICA_MANIFEST_H
#define MICA_MANIFEST_H

#include "pace.h"

/* Does what mica_check does, as the second reader of pace. */
errint_t check_beside(const struct mica_tree *tree, struct pace *pace, uint8_t check[MICA_CHECK],
		      struct mica_totals *totals, struct mica_job *job, struct mica_error *err);

#endif
