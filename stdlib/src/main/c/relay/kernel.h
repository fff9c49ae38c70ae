/* kernel.h - the kernel's FUSE protocol, with definitions that the headers of the compiling system may lack. */
#ifndef MICA_FUSE_KERNEL_H
#define MICA_FUSE_KERNEL_H

#include <linux/fuse.h>
#include <sys/ioctl.h>

/* Passthrough, since 7.40 (Linux 6.9): the kernel reads and writes a file of the host itself. */
#ifndef FOPEN_PASSTHROUGH
#define FOPEN_PASSTHROUGH (1 << 7)
#define FUSE_PASSTHROUGH (1ULL << 37)
struct fuse_backing_map {
	int32_t fd;
	uint32_t flags;
	uint64_t padding;
};
#define FUSE_DEV_IOC_BACKING_OPEN _IOW(FUSE_DEV_IOC_MAGIC, 1, struct fuse_backing_map)
#define FUSE_DEV_IOC_BACKING_CLOSE _IOW(FUSE_DEV_IOC_MAGIC, 2, uint32_t)
#endif
/* Since 7.44 (Linux 6.16): every name the kernel remembers is looked up again. */
#define MICA_FUSE_NOTIFY_INC_EPOCH 8

/* Each sets a field that was padding before. */
static inline void open_out_set_backing(struct fuse_open_out *out, uint32_t id)
{
	((uint32_t *)out)[3] = id;
}
static inline void init_out_set_stack_depth(struct fuse_init_out *out, uint32_t depth)
{
	(&out->flags2)[1] = depth;
}
_Static_assert(sizeof(struct fuse_open_out) == 16 && sizeof(struct fuse_init_out) == 64, "as the kernel has them");

#endif
