/* netlink.c - requests to the kernel's routing tables, and their answers. */
#include "netlink.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

struct message {
	struct nlmsghdr head;
	union {
		struct ifinfomsg link;
		struct ifaddrmsg address;
		struct rtmsg route;
		char room[256];
	};
};

int netlink_open(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	return fd < 0 ? -errno : fd;
}

static struct message begin(uint16_t type, uint16_t flags, size_t body)
{
	return (struct message){.head = {.nlmsg_len = (uint32_t)NLMSG_LENGTH(body),
					 .nlmsg_type = type,
					 .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags)}};
}

static void add(struct message *message, uint16_t type, const void *value, size_t len)
{
	struct rtattr *at = (void *)((char *)message + NLMSG_ALIGN(message->head.nlmsg_len));

	at->rta_type = type;
	at->rta_len = (uint16_t)RTA_LENGTH(len);
	memcpy(RTA_DATA(at), value, len);
	message->head.nlmsg_len = (uint32_t)(NLMSG_ALIGN(message->head.nlmsg_len) + RTA_LENGTH(len));
}

/* The kernel has answered already when send returns. */
static errint_t ask(int netlink, const struct message *message)
{
	struct {
		struct nlmsghdr head;
		struct nlmsgerr error;
		char room[1024];
	} answer;
	ssize_t len;

	if (send(netlink, message, message->head.nlmsg_len, 0) < 0)
		return -errno;
	len = recv(netlink, &answer, sizeof(answer), 0);
	if (len < 0)
		return -errno;
	return (size_t)len < NLMSG_LENGTH(sizeof(answer.error)) || answer.head.nlmsg_type != NLMSG_ERROR
		       ? -EPROTO
		       : answer.error.error;
}

static struct message link_message(int link)
{
	struct message message = begin(RTM_NEWLINK, 0, sizeof(message.link));

	message.link.ifi_index = link;
	return message;
}

errint_t netlink_up(int netlink, int link)
{
	struct message message = link_message(link);

	message.link.ifi_flags = message.link.ifi_change = 1; /* IFF_UP */
	return ask(netlink, &message);
}

errint_t netlink_rename(int netlink, int link, const char *name)
{
	struct message message = link_message(link);

	add(&message, IFLA_IFNAME, name, strlen(name) + 1);
	return ask(netlink, &message);
}

errint_t netlink_move(int netlink, int link, int namespace)
{
	struct message message = link_message(link);

	add(&message, IFLA_NET_NS_FD, &namespace, sizeof(namespace));
	return ask(netlink, &message);
}

errint_t netlink_add_address(int netlink, int link, struct in_addr address, uint8_t prefix)
{
	struct message message = begin(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, sizeof(message.address));
	const struct in_addr broadcast = {prefix > 30 ? address.s_addr : address.s_addr | ~htonl(~0u << (32 - prefix))};

	message.address =
		(struct ifaddrmsg){.ifa_family = AF_INET, .ifa_prefixlen = prefix, .ifa_index = (uint32_t)link};
	add(&message, IFA_LOCAL, &address, sizeof(address));
	add(&message, IFA_ADDRESS, &address, sizeof(address));
	if (prefix <= 30)
		add(&message, IFA_BROADCAST, &broadcast, sizeof(broadcast));
	return ask(netlink, &message);
}

errint_t netlink_add_gateway(int netlink, int link, struct in_addr gateway)
{
	struct message message = begin(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, sizeof(message.route));

	message.route = (struct rtmsg){.rtm_family = AF_INET,
				       .rtm_table = RT_TABLE_MAIN,
				       .rtm_protocol = RTPROT_STATIC,
				       .rtm_scope = RT_SCOPE_UNIVERSE,
				       .rtm_type = RTN_UNICAST};
	add(&message, RTA_GATEWAY, &gateway, sizeof(gateway));
	add(&message, RTA_OIF, &link, sizeof(link));
	return ask(netlink, &message);
}
