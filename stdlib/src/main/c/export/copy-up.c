/* copy-up.c - what overlayfs forgets of a file when it copies it up. */
#include "ops.h"

#include <sys/stat.h>
#include <sys/xattr.h>

/*
 * Overlayfs gives a copy its mode and attributes, and then its owner; on a share that is a chown(2) of the host, which
 * takes set-id bits and capabilities away. A chmod to the mode it has copies the file up, and gives the bits back.
 */
int copy_up_setid(struct held *h)
{
	struct fd_path path = fd_path(h->fd);
	char capability[64];
	ssize_t len = -1;
	struct stat st;

	if (!h->node || h->fd < 0 || h->node->type == S_IFDIR || h->node->layer == LAYER_UPPER ||
	    stat_known(h->fd, "", &st) < 0)
		return 0;
	if (S_ISREG(st.st_mode))
		len = getxattr(path.text, "security.capability", capability, sizeof(capability));
	if (len < 0 && !(st.st_mode & (S_ISUID | S_ISGID)))
		return 0;
	if (chmod(path.text, st.st_mode & 07777) < 0)
		return errno;
	return len < 0 ? 0 : errno_of(setxattr(path.text, "security.capability", capability, (size_t)len, 0));
}

/*
 * The host changes the mode of a file of the upper by itself once it was told where that is, so overlayfs may have an
 * old one in mind when it decides whether there are set-id bits to take away. A chmod to the mode the file has tells
 * it.
 */
int setid_known(struct held *h)
{
	struct stat st;

	if (!request_kills_setid || h->node->layer != LAYER_UPPER || fstat(h->fd, &st) < 0 ||
	    !(st.st_mode & (S_ISUID | S_ISGID)))
		return 0;
	return errno_of(chmod(fd_path(h->fd).text, st.st_mode & 07777));
}
