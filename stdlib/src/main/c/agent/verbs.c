/* verbs.c - the table of verbs: docs/agent-protocol.md in short. */
#include "agent.h"

const struct verb agent_verbs[] = {
	{"hello", "version! time! seed", 0, NULL, guest_hello},
	{"settle", "", 20000, NULL, guest_settle},
	{"mount-share", "tag! name! ro probe", 20000, "share", share_mount},
	{"unmount-share", "name!", 20000, "share", share_unmount},
	{"union", "name! lower! upper work", 20000, "union", union_mount},
	{"unmount", "name!", 60000, "union", union_unmount},
	{"export-fuse", "name! port!", 20000, "union", export_begin},
	{"unexport", "name!", 20000, "union", export_end},
	{"sync", "name", 60000, NULL, guest_sync},
	{"stats", "", 5000, NULL, guest_stats},
	{"list", "", 5000, NULL, guest_list},
	{"idle", "seconds!", 0, NULL, guest_idle},
	{"poweroff", "", 0, NULL, guest_power_off},
	{0},
};
