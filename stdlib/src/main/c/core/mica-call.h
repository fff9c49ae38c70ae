/* mica-call.h - the part of mica.h on how a call fails, and how it is followed and stopped. */
#ifndef MICA_PART_CALL_H
#define MICA_PART_CALL_H
#ifndef MICA_H
#error "include mica.h, of which this is a part"
#endif

/* 0, or a negative errno value. */
typedef int errint_t;

struct mica_error {
	int32_t code;	   /* what was returned: -errno, or 0 if nothing failed */
	uint32_t path_len; /* bytes used in path */
	char step[32];	   /* the step that failed, in a word or two: "open", "compare", "fsconfig" */
	char path[4096];   /* the path at which it failed, in bytes. Of a longer path only the end
			      is kept, after "..." */
	char note[512];	   /* why it failed, for people, in UTF-8; "" if strerror(-code) says enough */
};

/*
 * A running call, as another thread sees it. The caller zeroes it, and keeps it until the call has returned. The core
 * reads cancel and threads, and adds to the counters. A cancelled call returns -ECANCELED soon (within 100 ms if the
 * storage answers), and leaves behind what it leaves after any failure: see each function. job may be NULL.
 */
struct mica_job {
	uint32_t cancel;  /* in: set to non-zero to stop the call */
	uint32_t threads; /* in: how many threads to use, at most 8; 0: one for each online processor */
	uint64_t entries; /* out: names looked at or made so far */
	uint64_t bytes;	  /* out: bytes of content compared, copied or hashed so far */
	/* out, for mica_capture: how many files and directories have flags that their copies in the layer do not have,
	 * and all of these flags, as in FS_IOC_GETFLAGS */
	uint64_t unkept;
	uint32_t unkept_flags;
	uint32_t reserved;
};

#endif
