/* tar-pack.h - how a tar is compressed while it is written. Private to core/. */
#ifndef MICA_TAR_PACK_H
#define MICA_TAR_PACK_H

#include "tar-out.h"

/* Returns the packing for MICA_TAR_*, or NULL for MICA_TAR_PLAIN. */
const struct tar_packing *tar_packing(uint32_t compression);

#endif
