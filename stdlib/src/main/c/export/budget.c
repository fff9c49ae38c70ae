#include "budget.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <sys/mman.h>

struct export_budget {
	_Atomic uint32_t files; /* 0: unknown */
	_Atomic uint32_t met;	/* files met since the kernel last forgot some */
	_Atomic int exports;
};

struct export_budget *budget_new(void)
{
	void *shared =
		mmap(NULL, sizeof(struct export_budget), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return shared == MAP_FAILED ? NULL : shared;
}

void budget_lower(struct export_budget *budget, uint32_t files)
{
	uint32_t now = budget ? budget->files : 0;

	while (budget && (!now || files < now) && !atomic_compare_exchange_weak(&budget->files, &now, files))
		;
}

void budget_share(struct export_budget *budget, int more)
{
	if (budget)
		budget->exports += more;
}

unsigned budget_fds(struct export_budget *budget, unsigned want)
{
	uint32_t files = budget ? budget->files : 0;
	int exports = budget ? budget->exports : 0;
	unsigned may = files / 8 / (exports > 1 ? (unsigned)exports : 1);

	return !files || may > want ? want : may;
}

/* Makes the kernel forget names and inodes; the data of files stay. If it fails, a file server will answer EMFILE. */
static void forget(void)
{
	cleanup_fd int fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);

	if (fd >= 0)
		(void)!write(fd, "2", 1);
}

void budget_met(struct export_budget *budget)
{
	uint32_t files = budget ? budget->files : 0, met;

	if (!files)
		return;
	met = ++budget->met;
	/* If several threads notice that it is time, only one of them does it. */
	if (met > files / 4 && atomic_compare_exchange_strong(&budget->met, &met, 0))
		forget();
}

void budget_spent(struct export_budget *budget)
{
	if (!budget || !budget->files)
		return;
	budget->met = 0;
	forget();
}
