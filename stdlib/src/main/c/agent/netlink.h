/*
 * netlink.h - the requests to the kernel that a container's network needs: links, addresses and routes. Each request is
 * one message, which the kernel answers at once.
 */
#ifndef MICA_AGENT_NETLINK_H
#define MICA_AGENT_NETLINK_H

#include "base.h"

#include <netinet/in.h>

/* Opens a socket for the network namespace that this process is in now. Returns a descriptor that the caller must
 * close, or -errno. */
int netlink_open(void);
/* netlink is that socket, and link is the index of an interface. This sets the interface up. */
errint_t netlink_up(int netlink, int link);
errint_t netlink_rename(int netlink, int link, const char *name);
/* Moves the link to the network namespace that the descriptor has open. */
errint_t netlink_move(int netlink, int link, int namespace);
/* Gives the link an address; prefix is the length of the network's prefix in bits. */
errint_t netlink_add_address(int netlink, int link, struct in_addr address, uint8_t prefix);
/* Adds a default route over the gateway. */
errint_t netlink_add_gateway(int netlink, int link, struct in_addr gateway);

#endif
