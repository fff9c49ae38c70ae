/*
 * network.c - network namespaces for containers. They are kept as ip-netns(8) keeps them: mounted on a file, so that
 * they exist without a process. Each step may have been done already, by a call that was killed.
 */
#include "container.h"
#include "netlink.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if_arp.h>
#include <linux/nsfs.h>
#include <net/if.h>
#include <stdio.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#define CARD "eth0"
#define OWN "/proc/thread-self/ns/net"

struct network {
	const char *name;
	bool has_card;
	struct in_addr address, gateway;
	uint8_t prefix;
	char path[sizeof(NETWORKS) + 1 + LINE_MAX_NAME];
};

static errint_t read_ip(const char *key, const char *text, struct in_addr *ip, struct mica_error *err)
{
	return inet_pton(AF_INET, text, ip) == 1 ? 0
						 : mica_fail_note(err, -EINVAL, key, text, "an IPv4 address is needed");
}

/* "10.0.2.15/24" */
static errint_t read_address(const char *text, struct network *network, struct mica_error *err)
{
	char ip[INET_ADDRSTRLEN];
	const char *slash = strchr(text, '/');
	size_t len = slash ? (size_t)(slash - text) : strlen(text),
	       digits = slash ? strspn(slash + 1, "0123456789") : 0;
	unsigned long prefix = digits ? strtoul(slash + 1, NULL, 10) : 0;

	if (len >= sizeof(ip) || !digits || digits > 2 || slash[1 + digits] || prefix < 1 || prefix > 32)
		return mica_fail_note(err, -EINVAL, "address", text, "an IPv4 address as 10.0.2.15/24 is needed");
	snprintf(ip, sizeof(ip), "%.*s", (int)len, text);
	network->prefix = (uint8_t)prefix;
	return read_ip("address", ip, &network->address, err);
}

static errint_t read_network(const struct request *request, struct network *network, struct mica_error *err)
{
	const char *address = line_value(request, "address"), *gateway = line_value(request, "gateway");
	errint_t code = line_name(request, "name", &network->name, err);

	if (code)
		return code;
	snprintf(network->path, sizeof(network->path), NETWORKS "/%s", network->name);
	network->has_card = address;
	if (!address != !gateway)
		return mica_fail_note(err, -EINVAL, "network", network->name, "address= and gateway= go together");
	if (address)
		code = read_address(address, network, err);
	if (!code && address)
		code = read_ip("gateway", gateway, &network->gateway, err);
	return code;
}

static bool is_namespace(int fd)
{
	return fd >= 0 && ioctl(fd, NS_GET_NSTYPE) == CLONE_NEWNET;
}

/* Moves this process into the namespace, where it stays. */
static errint_t enter(const struct network *network, struct mica_error *err)
{
	cleanup_fd int there = open(network->path, O_RDONLY | O_CLOEXEC);

	if (is_namespace(there))
		return setns(there, CLONE_NEWNET) < 0 ? mica_fail(err, -errno, "enter", network->path) : 0;
	if (mkdir(NETWORKS, 0755) < 0 && errno != EEXIST)
		return mica_fail(err, -errno, "mkdir", NETWORKS);
	cleanup_fd int file = open(network->path, O_RDONLY | O_CREAT | O_CLOEXEC, 0600);
	if (file < 0 || unshare(CLONE_NEWNET) < 0 || mount(OWN, network->path, NULL, MS_BIND, NULL) < 0)
		return mica_fail(err, -errno, "make a network namespace", network->path);
	return 0;
}

/* The first network card of this process's namespace: an interface with a device that is not the loopback; or 0. */
static int find_card(void)
{
	struct if_nameindex *links = if_nameindex();
	int found = 0;

	for (struct if_nameindex *at = links; at && at->if_index && !found; at++) {
		cleanup_fd int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		struct ifreq about = {0};

		snprintf(about.ifr_name, sizeof(about.ifr_name), "%s", at->if_name);
		if (!ioctl(fd, SIOCGIFHWADDR, &about) && about.ifr_hwaddr.sa_family == ARPHRD_ETHER)
			found = (int)at->if_index;
	}
	if_freenameindex(links);
	return found;
}

/* own is the namespace of this process, where cards are until they are taken. */
static errint_t take_card(const struct network *network, int own, struct mica_error *err)
{
	cleanup_fd int there = open(network->path, O_RDONLY | O_CLOEXEC), netlink = -1;
	errint_t code;
	int card;

	if (setns(own, CLONE_NEWNET) < 0)
		return mica_fail(err, -errno, "enter", OWN);
	card = find_card();
	if (!card) {
		code = devices_find(err);
		if (code)
			return code;
		card = find_card();
	}
	if (!card)
		return mica_fail_note(err, -ENODEV, "network", network->name, "no network card is plugged and free");
	netlink = netlink_open();
	code = netlink_move(netlink, card, there);
	if (!code && setns(there, CLONE_NEWNET) < 0)
		code = -errno;
	return code ? mica_fail(err, code, "move the network card to", network->path) : 0;
}

static errint_t set_card(const struct network *network, struct mica_error *err)
{
	cleanup_fd int netlink = netlink_open();
	int card = find_card();
	char name[IF_NAMESIZE] = "";
	errint_t code = netlink < 0 ? netlink : 0;

	if (!code && if_indextoname((unsigned)card, name) && strcmp(name, CARD))
		code = netlink_rename(netlink, card, CARD);
	if (!code)
		code = netlink_add_address(netlink, card, network->address, network->prefix);
	if (!code || code == -EEXIST)
		code = netlink_up(netlink, card);
	if (!code)
		code = netlink_add_gateway(netlink, card, network->gateway);
	return code && code != -EEXIST ? mica_fail(err, code, "set up " CARD " in", network->path) : 0;
}

static errint_t set_up(const struct network *network, struct mica_error *err)
{
	cleanup_fd int own = open(OWN, O_RDONLY | O_CLOEXEC), netlink = -1;
	errint_t code = own < 0 ? mica_fail(err, -errno, "open", OWN) : enter(network, err);

	if (code)
		return code;
	netlink = netlink_open();
	code = netlink_up(netlink, (int)if_nametoindex("lo"));
	if (code)
		return mica_fail(err, code, "set up lo in", network->path);
	if (network->has_card && !find_card())
		code = take_card(network, own, err);
	return code || !network->has_card ? code : set_card(network, err);
}

errint_t network_make(const struct request *request, struct answer *answer, struct mica_error *err)
{
	const char *address = line_value(request, "address"), *gateway = line_value(request, "gateway");
	struct network network = {0};
	char note[96], had[96];
	errint_t code = read_network(request, &network, err);

	(void)answer;
	if (!code)
		code = modules_wait(err);
	if (code)
		return code;
	snprintf(note, sizeof(note), "address=%s gateway=%s", address ? address : "", gateway ? gateway : "");
	if (note_read("network", network.name, had, sizeof(had)))
		return !strcmp(note, had) ? 0
					  : mica_fail_note(err, -EEXIST, "network", network.path,
							   "another network is there: %s", had);
	code = set_up(&network, err);
	return code ? code : note_write("network", network.name, note, err);
}
