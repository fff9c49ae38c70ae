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
	char step[32];	   /* what was being done, a word: "open", "compare", "fsconfig" */
	char path[4096];   /* to what: bytes; relative to the current folder if that is known. A
			      longer one keeps its end and starts with "..." */
	char note[512];	   /* why, for people, UTF-8; "" if strerror(-code) is enough */
};

/*
 * A running call, seen from another thread. Zeroed by the caller, shared by address. The core reads
 * cancel and threads and adds to the counters; a cancelled call returns -ECANCELED soon (within
 * 100 ms of storage that answers) and leaves nothing half-visible: see each function. job may be NULL.
 */
struct mica_job {
	uint32_t cancel;  /* in: set to non-zero to stop the call */
	uint32_t threads; /* in: 0 = as many as are useful (the online processors, at most 8) */
	uint64_t entries; /* out: names looked at or made so far */
	uint64_t bytes;	  /* out: bytes of content compared, copied or hashed so far */
	/* out, of mica_capture: the number of files and directories with flags that the layer lacks, and these flags,
	 * as in FS_IOC_GETFLAGS */
	uint64_t unkept;
	uint32_t unkept_flags;
	uint32_t reserved;
};

#endif
