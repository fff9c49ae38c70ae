/* stat.h - what the guest's kernel knows of a file. */
#ifndef MICA_EXPORT_STAT_H
#define MICA_EXPORT_STAT_H

#include <sys/stat.h>

/*
 * stat without asking the file server again: what a lookup, a creation or a change has just brought is
 * what it says now. name "": of fd itself. -1 and errno.
 */
int stat_known(int fd, const char *name, struct stat *st);

#endif
