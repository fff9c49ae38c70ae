/* own.c - the host's addresses, by rtnetlink: it asks for them once, and the kernel reports changes from then on. */
#include "network/outward.h"

#include <linux/rtnetlink.h>
#include <sys/socket.h>

#define ROOM 65536

bool own_has(const struct own *own, in_addr_t address)
{
	for (size_t i = 0; i < own->count; i++)
		if (own->addresses[i] == address)
			return true;
	return false;
}

static errint_t add(struct own *own, in_addr_t address)
{
	if (own_has(own, address))
		return 0;
	in_addr_t *more = realloc(own->addresses, (own->count + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	own->addresses = more;
	own->addresses[own->count++] = address;
	return 0;
}

static void take_away(struct own *own, in_addr_t address)
{
	for (size_t i = 0; i < own->count; i++)
		if (own->addresses[i] == address)
			own->addresses[i--] = own->addresses[--own->count];
}

static errint_t ask(const struct own *own)
{
	struct {
		struct nlmsghdr head;
		struct ifaddrmsg body;
	} request = {
		.head = {.nlmsg_len = sizeof(request),
			 .nlmsg_type = RTM_GETADDR,
			 .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
		.body = {.ifa_family = AF_INET},
	};

	return send(own->netlink, &request, sizeof(request), 0) < 0 ? -errno : 0;
}

/* Another network of the host may still have the address. */
static errint_t take_back(struct own *own, in_addr_t address)
{
	errint_t failed;

	take_away(own, address);
	failed = ask(own);
	return failed == -EBUSY ? 0 : failed; /* the answer to an earlier request is under way */
}

static errint_t take(struct own *own, const struct nlmsghdr *message)
{
	const struct ifaddrmsg *about = NLMSG_DATA(message);
	unsigned left = (unsigned)IFA_PAYLOAD(message);
	errint_t failed = 0;

	if (message->nlmsg_type != RTM_NEWADDR && message->nlmsg_type != RTM_DELADDR)
		return 0;
	if (message->nlmsg_len < NLMSG_LENGTH(sizeof(*about)) || about->ifa_family != AF_INET)
		return 0;
	for (struct rtattr *at = IFA_RTA(about); !failed && RTA_OK(at, left); at = RTA_NEXT(at, left)) {
		in_addr_t address;

		if (at->rta_type != IFA_LOCAL || RTA_PAYLOAD(at) != sizeof(address))
			continue;
		memcpy(&address, RTA_DATA(at), sizeof(address));
		if (message->nlmsg_type == RTM_NEWADDR)
			failed = add(own, address);
		else
			failed = take_back(own, address);
	}
	return failed;
}

/* *done: all addresses have been received. */
static errint_t read_some(struct own *own, int flags, bool *done)
{
	static uint8_t room[ROOM] __attribute__((aligned(NLMSG_ALIGNTO)));
	ssize_t size = recv(own->netlink, room, sizeof(room), flags);
	errint_t failed = 0;

	if (size < 0)
		return errno == ENOBUFS ? ask(own) : -errno; /* messages were lost: ask again */
	for (struct nlmsghdr *at = (struct nlmsghdr *)room; !failed && NLMSG_OK(at, size); at = NLMSG_NEXT(at, size)) {
		*done |= at->nlmsg_type == NLMSG_DONE;
		failed = at->nlmsg_type == NLMSG_ERROR ? -EIO : take(own, at);
	}
	return failed;
}

errint_t own_update(struct own *own)
{
	bool done = false;
	errint_t failed = 0;

	while (!failed)
		failed = read_some(own, MSG_DONTWAIT, &done);
	return failed == -EAGAIN || failed == -EINTR ? 0 : failed;
}

errint_t own_open(struct own *own, struct mica_error *err)
{
	struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_IPV4_IFADDR};
	bool done = false;
	errint_t failed = 0;

	own->netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (own->netlink < 0 || bind(own->netlink, (struct sockaddr *)&address, sizeof(address)))
		return mica_fail(err, -errno, "ask for", "the addresses of this host");
	failed = ask(own);
	while (!failed && !done)
		failed = read_some(own, 0, &done);
	return failed ? mica_fail(err, failed, "ask for", "the addresses of this host") : 0;
}
