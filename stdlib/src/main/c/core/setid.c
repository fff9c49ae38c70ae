/* setid.c - CAP_FSETID of one thread. The C library knows nothing of a thread's own capabilities. */
#include "setid.h"

#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

void setid_drop(bool drop)
{
	struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &head, data) < 0)
		return;
	if (drop)
		data[0].effective &= ~(1u << CAP_FSETID);
	else
		data[0].effective |= data[0].permitted & 1u << CAP_FSETID;
	syscall(SYS_capset, &head, data);
}
