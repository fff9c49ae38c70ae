/*
 * budget.h - how many files the kernel of this guest may remember.
 *
 * The file server of a share keeps a descriptor for each file of it that the guest's kernel remembers, and where it may
 * have few, an overlayfs that meets many files would sooner or later be told EMFILE. What nobody uses is forgotten
 * before that. The kernel's memory is one for all unions, and so may be the server of a lower: so all exports of a
 * guest share one budget, that of the server which may have the fewest.
 *
 * Each file met counts, for it may be in as many servers as a union has layers, but in each of them once. A quarter of
 * what the servers may have is met between two times of forgetting: another may be met while the kernel is at it, the
 * exports hold an eighth by themselves (budget_fds), and the rest is for what those lie in, for files that are open and
 * for what overlayfs makes on the way.
 */
#ifndef MICA_EXPORT_BUDGET_H
#define MICA_EXPORT_BUDGET_H

#include "base.h"

struct export_budget;

/* For the processes forked from now on, too; NULL: no memory, which all others take for no limit. */
struct export_budget *budget_new(void);
/* What another server may have open; the least of all is what counts, as long as the guest lives. */
void budget_lower(struct export_budget *budget, uint32_t files);
/* One more union is served, or one less. */
void budget_share(struct export_budget *budget, int more);

/* How many descriptors an export may keep that would have want of them. */
unsigned budget_fds(struct export_budget *budget, unsigned want);
/* The kernel has met another file. Now and then it is made to forget what nobody uses, which takes a moment. */
void budget_met(struct export_budget *budget);
/* A server had none left all the same: has the kernel forget now. */
void budget_spent(struct export_budget *budget);

#endif
