/*
 * netlink.h - the requests to the kernel's routing tables that a container's network takes: links, addresses, routes.
 * Each is one message, answered at once.
 */
#ifndef MICA_AGENT_NETLINK_H
#define MICA_AGENT_NETLINK_H

#include "base.h"

#include <netinet/in.h>

/* A socket that speaks for the network namespace that its process is in when it is opened, or -errno. */
int netlink_open(void);
/* All return 0 or -errno. */
errint_t netlink_up(int netlink, int link);
errint_t netlink_rename(int netlink, int link, const char *name);
/* Moves the link to the network namespace that the descriptor has open. */
errint_t netlink_move(int netlink, int link, int namespace);
errint_t netlink_add_address(int netlink, int link, struct in_addr address, uint8_t prefix);
errint_t netlink_add_gateway(int netlink, int link, struct in_addr gateway);

#endif
