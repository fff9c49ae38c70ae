/* stat.h - the attributes that the guest's kernel has cached for a file. */
#ifndef MICA_EXPORT_STAT_H
#define MICA_EXPORT_STAT_H

#include <sys/stat.h>

/*
 * Gets the attributes of name in the directory fd, or of fd itself if name is "", without asking the file server again:
 * these are the attributes that a lookup, a creation or a change has just brought. A symbolic link is not followed.
 * Returns 0, or -1 with errno.
 */
int stat_known(int fd, const char *name, struct stat *st);

#endif
