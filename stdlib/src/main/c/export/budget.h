/*
 * budget.h - how many files the kernel of this guest may remember.
 *
 * The file server of a share keeps a descriptor for each of its files that the guest's kernel remembers. If the server
 * may have few descriptors, an overlayfs that looks up many files would sooner or later get EMFILE. So the kernel is
 * made to forget the files that nobody uses before that. All unions share the kernel's memory, and several may share
 * the server of a lower. So all exports of a guest share one budget, which is that of the server with the lowest limit.
 *
 * Each file that is looked up counts once: it may be in as many servers as a union has layers, but only once in each of
 * them. The kernel is made to forget after a quarter of the limit was looked up. Another quarter may be looked up while
 * it forgets, the exports themselves hold an eighth (budget_fds), and the rest is for the parent directories, for open
 * files, and for what overlayfs opens on the way.
 */
#ifndef MICA_EXPORT_BUDGET_H
#define MICA_EXPORT_BUDGET_H

#include "base.h"

struct export_budget;

/* Makes a budget without a limit, which processes that are forked from now on share. It is never freed. NULL: there is
 * no memory; the other functions take NULL as a budget without a limit. */
struct export_budget *budget_new(void);
/* Tells how many files another server may have open. The lowest such number is the limit from then on. */
void budget_lower(struct export_budget *budget, uint32_t files);
/* Tells that the number of served unions has changed by more, which is 1 or -1. */
void budget_share(struct export_budget *budget, int more);

/* How many descriptors an export may keep, at most want. */
unsigned budget_fds(struct export_budget *budget, unsigned want);
/* Tells that the kernel has looked up another file. Now and then this makes the kernel forget the files that nobody
 * uses, which takes a moment. */
void budget_met(struct export_budget *budget);
/* Makes the kernel forget the files that nobody uses now, because a server had no descriptor left. */
void budget_spent(struct export_budget *budget);

#endif
