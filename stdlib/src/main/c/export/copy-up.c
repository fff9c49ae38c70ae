/* copy-up.c - restores what overlayfs loses when it copies a file up. */
#include "ops.h"

#include <sys/stat.h>
#include <sys/xattr.h>

/*
 * Overlayfs gives a copy its mode and attributes, and then its owner. On a share this is a chown(2) on the host, which
 * removes set-id bits and capabilities. A chmod to the mode that the file has copies it up and restores the bits.
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
 * Once the host knows where a file of the upper is, it changes the mode of the file itself. So overlayfs may know an
 * old mode when it decides whether set-id bits have to be removed. A chmod to the mode that the file has corrects that.
 */
int setid_known(struct held *h)
{
	struct stat st;

	if (!request_kills_setid || h->node->layer != LAYER_UPPER || fstat(h->fd, &st) < 0 ||
	    !(st.st_mode & (S_ISUID | S_ISGID)))
		return 0;
	return errno_of(chmod(fd_path(h->fd).text, st.st_mode & 07777));
}
